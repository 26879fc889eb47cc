"""The simulator of src/reconstruct/adversarial/iteration.ts in PyTorch, and the cases that iterations are run on."""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from pytorch_ctf import Ctf, CtfParameters


class Case:
    """Sizes, constants, feeds and expected results of a case."""

    def __init__(self, folder: str):
        self.folder = Path(folder)
        self.__dict__.update(json.loads((self.folder / "case.json").read_text()))

    def array(self, name: str) -> torch.Tensor:
        """The array of a name, as the manifest lists it."""
        entry = self.arrays[name]
        return torch.from_numpy(np.fromfile(self.folder / entry["file"], dtype=np.float32).reshape(entry["shape"]))

    def group(self, prefix: str) -> dict[str, torch.Tensor]:
        return {name[len(prefix) :]: self.array(name) for name in self.arrays if name.startswith(prefix)}


class Simulator:
    """The volume, its images, and an iteration. For those who inherit: `critic_step`, which moves their critic,
    `volume_loss`, `scales` and both optimisers."""

    def __init__(self, case: Case, k: torch.Tensor):
        """k [frequencies, 2]: where images are sampled, in Fourier pixels."""
        self.case = case
        n = case.n
        self.m = 2 * n + 2
        double = dict(dtype=torch.float64)

        # Volume: cas transform, amplitude, mask; the gridding correction and the mask are one factor.
        x = torch.arange(n, **double) - n // 2
        phase = 2 * math.pi * torch.outer(x, x) / n
        self.cas = ((phase.cos() + phase.sin()) / math.sqrt(n)).float()
        w = 1 / torch.sinc(x / (2 * n)) ** 2
        self.amplitude = case.array("amplitude") / n**1.5
        self.mask = case.array("mask") * (w[:, None, None] * w[:, None] * w).float()
        # Transform onto padded frequencies -n … n+1.
        self.dft = torch.exp(-1j * math.pi * torch.outer(torch.arange(-n, n + 2, **double), x) / n).to(torch.complex64)
        self.points = (2 * k * (2 / (self.m - 1))).float()  # grid_sample counts from -1 to 1
        self.origin = 2 * n / (self.m - 1) - 1
        self.ctf = Ctf(k / case.boxAngstrom)

        self.initial = case.group("initial/")
        self.u = self.initial["u"].requires_grad_()
        self.average = self.initial["average"]
        self.log_amplitude = torch.zeros((), requires_grad=True)
        self.momentum = dict(betas=(0.5, 0.9), eps=1e-8)
        self.volume_clip_norm = None  # no limit

    def volume_adam(self, scales: list[torch.Tensor]) -> torch.optim.Adam:
        rate = self.case.volumeRate
        return torch.optim.Adam(
            [{"params": [self.u]}, {"params": scales, "lr": 0.1 * rate}], lr=rate, **self.momentum
        )

    def table(self) -> torch.Tensor:
        """Padded transform of the volume, [2, m, m, m]."""
        density = self.u * self.amplitude
        for axis in range(3):
            density = torch.tensordot(density, self.cas, dims=([0], [0]))  # three cyclic turns of the axes
        if self.case.positive:
            density = density.clamp(min=0)
        density = density * self.mask * self.log_amplitude.exp()
        n, m = self.case.n, self.m
        # Shortest axis first; a real array times the two parts of the matrix, then complex products.
        x = torch.matmul(density, self.dft_x)  # [z, y, (kx re, kx im)]
        x = torch.complex(x[..., :m], x[..., m:])
        xy = torch.matmul(self.dft, x)  # [z, ky, kx]
        xyz = torch.matmul(self.dft, xy.reshape(n, m * m))
        return torch.view_as_real(xyz).permute(2, 0, 1).reshape(2, m, m, m)

    @property
    def dft_x(self) -> torch.Tensor:
        return torch.cat([self.dft.real, self.dft.imag], 0).T.contiguous()

    def slices_and_ctf(
        self, table: torch.Tensor, feeds: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Central slices [2, frequencies, batch] without their CTFs [frequencies, batch]."""
        batch = self.case.batch
        points = torch.matmul(self.points, feeds["rotations"][:, :2, :]).add_(self.origin)  # [batch, frequencies, 3]
        # grid_sample spreads its first axis over threads: two halves of the batch.
        slices = F.grid_sample(table.expand(2, *table.shape), points.view(2, 1, batch // 2, -1, 3), align_corners=True)
        slices = slices.view(2, 2, batch // 2, -1).permute(1, 3, 0, 2).reshape(2, -1, batch)
        return slices, self.ctf(CtfParameters(**{name: feeds[name] for name in CtfParameters.names()}))

    def move_critic(self, loss, penalty, real_logit, fake_logit, clip_norm=None) -> dict[str, torch.Tensor]:
        """A step of the critic's optimiser down the loss and its penalty."""
        parameters = [p for group in self.critic_optimiser.param_groups for p in group["params"]]
        self.critic_optimiser.zero_grad(set_to_none=True)
        (loss + self.case.gradientPenalty * penalty).backward(inputs=parameters)
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        self.critic_optimiser.step()
        return {
            "criticLoss": loss,
            "gradientPenalty": penalty,
            "realLogit": real_logit.mean(),
            "fakeLogit": fake_logit.mean(),
        }

    def iterate(self, feeds: dict[str, dict[str, torch.Tensor]]) -> dict[str, float]:
        table = self.table()
        for step in range(self.case.criticSteps):
            outputs = self.critic_step(table.detach(), feeds[str(step)])
        loss = self.volume_loss(table, feeds["volume"])
        self.volume_optimiser.zero_grad(set_to_none=True)
        scales = {name: t.detach().exp() for name, t in self.scales().items()}
        loss.backward(inputs=[self.u, *self.scales().values()])
        if self.volume_clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([self.u], self.volume_clip_norm)
        self.volume_optimiser.step()
        with torch.no_grad():
            self.average.lerp_(self.u, self.case.averaging)
        return {name: float(value) for name, value in {**outputs, "volumeLoss": loss, **scales}.items()}
