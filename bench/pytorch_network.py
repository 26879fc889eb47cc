"""The adversarial iteration of the paper's recipe in PyTorch: its network, WGAN-GP, Adam, two learned scales."""

import torch
import torch.nn.functional as F

from pytorch_simulator import Case, Simulator

leak = 0.1


class NetworkTwin(Simulator):
    def __init__(self, case: Case):
        n = case.n
        # The half plane kx ≥ 0 below the Nyquist frequency, cut to a disc without its middle.
        columns, rows = n // 2, n - 1
        ky = (torch.arange(rows, dtype=torch.float64) - (columns - 1)).repeat_interleave(columns)
        kx = torch.arange(columns, dtype=torch.float64).repeat(rows)
        radius = torch.hypot(kx, ky)
        inside = (radius > 0) & (radius <= case.maxRadius)
        super().__init__(case, torch.stack([kx, ky], 1) * inside[:, None])
        shells = case.array("noisePower").double()
        low = radius.floor().long().clamp(max=len(shells) - 1)
        high = (low + 1).clamp(max=len(shells) - 1)
        power = shells[low] + (radius - low) * (shells[high] - shells[low])
        self.whitening = torch.where(inside, n / power.sqrt(), 0.0).float()[:, None]
        # Images are centred at pixel n/2, and rows begin at frequency 0.
        self.row = (ky % n).long().view(rows, columns)[:, 0]
        self.signs = (1 - 2 * ((kx + ky) % 2)).float()[:, None]
        self.log_noise = torch.zeros((), requires_grad=True)
        self.parameters = {
            name: t.requires_grad_() for name, t in self.initial.items() if name not in ("u", "average")
        }
        self.critic_optimiser = torch.optim.Adam(self.parameters.values(), lr=case.criticRate, **self.momentum)
        self.volume_optimiser = self.volume_adam([self.log_amplitude, self.log_noise])
        self.volume_clip_norm = case.volumeClipNorm

    def simulate(self, table: torch.Tensor, feeds: dict[str, torch.Tensor]) -> torch.Tensor:
        """Images [batch, 1, n, n] of unit spread."""
        n, batch = self.case.n, self.case.batch
        slices, ctf = self.slices_and_ctf(table, feeds)
        noise = torch.stack([feeds["noiseRe"], feeds["noiseIm"]]) * self.log_noise.exp()
        f = (slices * ctf + noise) * (self.whitening * self.signs)
        half = torch.view_as_complex(f.permute(2, 1, 0).contiguous()).view(batch, n - 1, n // 2)
        plane = torch.zeros(batch, n, n // 2 + 1, dtype=half.dtype).index_copy(1, self.row, F.pad(half, (0, 1)))
        images = torch.fft.irfft2(plane, s=(n, n))
        return (images / (images.square().mean((1, 2), keepdim=True) + 1e-6).sqrt())[:, None]

    def critic(self, x: torch.Tensor) -> torch.Tensor:
        p = self.parameters
        for i in range(self.case.blocks):
            x = F.leaky_relu(F.max_pool2d(F.conv2d(x, p[f"kernels{i}"], p[f"biases{i}"], padding=1), 2), leak)
        x = F.leaky_relu(F.linear(x.flatten(1), p["denseWeights"], p["denseBias"]), leak)
        return F.linear(x, p["outputWeights"], p["outputBias"].view(1))[:, 0]

    def critic_step(self, table: torch.Tensor, feeds: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            fake = self.simulate(table, feeds)
        real = feeds["image"].permute(2, 0, 1)[:, None]
        mixed = (fake + (real - fake) * feeds["mixing"][:, None, None, None]).requires_grad_()
        real_logit, fake_logit = self.critic(real), self.critic(fake)
        loss = fake_logit.mean() - real_logit.mean()
        (slope,) = torch.autograd.grad(self.critic(mixed).sum(), mixed, create_graph=True)
        penalty = ((slope.square().sum((1, 2, 3)) + 1e-12).sqrt() - 1).square().mean()
        return self.move_critic(loss, penalty, real_logit, fake_logit, self.case.criticClipNorm)

    def volume_loss(self, table: torch.Tensor, feeds: dict[str, torch.Tensor]) -> torch.Tensor:
        return -self.critic(self.simulate(table, feeds)).mean()

    def scales(self) -> dict[str, torch.Tensor]:
        return {"signalAmplitude": self.log_amplitude, "noiseScale": self.log_noise}

    def state(self) -> dict[str, torch.Tensor]:
        return {
            "u": self.u,
            "average": self.average,
            "logAmplitude": self.log_amplitude,
            "logNoise": self.log_noise,
            **self.parameters,
        }
