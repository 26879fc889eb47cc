#!/usr/bin/python3
"""The adversarial iteration of src/reconstruct/adversarial/iteration.ts in PyTorch: same critic, penalty and optimiser.

    pytorch_twin.py THREADS FOLDER VARIANT [FOLDER VARIANT ...]

FOLDER holds a case that bench/twin.ts wrote. VARIANT says how templates are turned: 'harmonics', by circular
harmonics in parts that are even and odd under mirroring, the mathematics of the TypeScript program step by step;
'dense', all turned templates in one matrix, which one writes first. Both compute the same. 'network' is the paper's
critic (pytorch_network.py), for cases of its recipe. Each case is first run for some iterations and compared with the
TypeScript program's results; the exit status is 1 if they disagree. Then each line 'INDEX COUNT' on standard input runs
COUNT iterations of a case and answers with their times in seconds and the peak memory, as JSON.
"""

import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F

from pytorch_ctf import CtfParameters
from pytorch_network import NetworkTwin
from pytorch_simulator import Case, Simulator

# Feeds of a step; one that is not listed stops the comparison, so that none is left out of the twin.
feed_names = {"rotations", "noiseRe", "noiseIm", "harmonics", "ctfSquared", "image", "mixing", *CtfParameters.names()}


def harmonic_matrices(angles: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows cos mφ, sin mφ of the even and of the odd orders m < angles on half a turn: [angles, angles] each."""
    phi = math.pi * torch.arange(angles, dtype=torch.float64) / angles

    def rows(orders: range) -> torch.Tensor:
        parts = [
            norm * part
            for m in orders
            for norm in [(math.sqrt(0.5) if m == 0 else 1) * 2 / math.sqrt(angles)]
            for part in (torch.cos(m * phi), torch.sin(m * phi))
        ]
        return torch.stack(parts).float()

    return rows(range(0, angles, 2)), rows(range(1, angles, 2))


class Twin(Simulator):
    def __init__(self, case: Case, variant: str):
        self.variant = variant
        r, angles, turns = case.maxRadius, case.angles, case.turns
        double = dict(dtype=torch.float64)

        # Image frequencies on half circles, and what depends on them.
        phi = math.pi * torch.arange(angles, **double) / angles
        radii = torch.arange(1, r + 1, **double)
        k = torch.stack([torch.outer(phi.cos(), radii), torch.outer(phi.sin(), radii)], -1).reshape(-1, 2)
        super().__init__(case, k)
        noise, signal = case.array("noisePower").double(), case.array("signalPower").double()
        weight = torch.sqrt(math.pi * radii / angles / noise[1 : r + 1])
        self.whitening = weight.repeat(angles).float()[:, None]
        self.template_scale = (weight * torch.sqrt(signal[1 : r + 1])).repeat(2).float()

        # Harmonics: even orders, then odd ones.
        self.even, self.odd = harmonic_matrices(angles)
        orders = torch.tensor([*range(0, angles, 2), *range(1, angles, 2)], **double)
        theta = 2 * math.pi * torch.outer(torch.arange(turns, **double), orders) / turns
        self.cosine, self.sine = theta.cos().float(), theta.sin().float()
        self.turning = torch.stack([self.cosine, self.sine], 2).view(
            turns, -1
        )  # [turns, 2·orders], cosine and sine in turn

        self.templates = self.initial["templates"].requires_grad_()
        self.offsets = self.initial["offsets"].requires_grad_()
        self.critic_optimiser = torch.optim.Adam([self.templates, self.offsets], lr=case.criticRate, **self.momentum)
        self.volume_optimiser = self.volume_adam([self.log_amplitude])

    def simulate(self, table: torch.Tensor, feeds: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        batch = self.case.batch
        slices, ctf = self.slices_and_ctf(table, feeds)
        noise = torch.stack([feeds["noiseRe"], feeds["noiseIm"]])
        filtered = (slices * ctf + noise) * (self.whitening * ctf)
        return self.harmonics(filtered), (ctf * ctf).view(self.case.angles, self.case.maxRadius, batch).mean(0)

    def harmonics(self, image: torch.Tensor) -> torch.Tensor:
        """[2, angles·radii, batch] → [orders, 2·radii, batch]."""
        angles, radii, batch = self.case.angles, self.case.maxRadius, image.shape[2]
        parts = image.view(2, angles, radii * batch)
        return torch.cat([self.even @ parts[0], self.odd @ parts[1]]).view(angles, 2 * radii, batch)

    # ---- critic

    def turned(self, parts: torch.Tensor, phases: torch.Tensor) -> torch.Tensor:
        """Products for each order and phase, [2·orders, templates, width] by [2·orders, width, batch], then the Fourier
        sum: [turns, templates, batch]."""
        products = torch.bmm(parts, phases)
        return (self.turning @ products.view(len(parts), -1)).view(self.case.turns, -1, phases.shape[2])

    def log_mean_over_poses(self, x: torch.Tensor, templates: torch.Tensor) -> torch.Tensor:
        """Log of the mean exponential of the products with all turned and mirrored templates, [templates, batch]."""
        angles, turns, radii = self.case.angles, self.case.turns, self.case.maxRadius
        c, s = templates.chunk(2, 2)
        if self.variant == "harmonics":
            # Mirroring negates the sine parts: even + odd and even - odd are the products with a template and its
            # mirror image.
            phases = (2 * angles, radii, -1)
            even = self.turned(c.repeat_interleave(2, 0), x.view(phases))
            odd = self.turned(s.repeat_interleave(2, 0), torch.cat([x[:, radii:], -x[:, :radii]], 1).view(phases))
            peak = (even + odd.abs()).detach().amax(0)
            level = even - peak
            return ((level + odd).exp() + (level - odd).exp()).sum(0).div(2 * turns).log() + peak
        ct, st = self.cosine.view(turns, 1, angles, 1), self.sine.view(turns, 1, angles, 1)
        c, s = c.transpose(0, 1), s.transpose(0, 1)  # [templates, orders, radii]
        turned = torch.cat([ct * c - st * s, ct * s + st * c], 3)
        mirrored = torch.cat([ct * c + st * s, st * c - ct * s], 3)
        rotated = torch.stack([turned, mirrored]).view(2 * turns * templates.shape[1], -1)
        responses = (rotated @ x.view(-1, x.shape[2])).view(2 * turns, -1, x.shape[2])
        return torch.logsumexp(responses, 0) - math.log(2 * turns)

    def critic(self, x: torch.Tensor, ctf_squared: torch.Tensor) -> torch.Tensor:
        templates = self.templates * self.template_scale
        half, radii = self.case.templates, self.case.maxRadius
        energies = 0.5 * (templates.square().sum(0).view(-1, 2, radii).sum(1) @ ctf_squared)
        scores = self.log_mean_over_poses(x, templates) - energies + self.offsets[:, None]
        return torch.logsumexp(scores[:half], 0) - torch.logsumexp(scores[half:], 0)

    # ---- iteration

    def critic_step(self, table: torch.Tensor, feeds: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            fake = self.simulate(table, feeds)
        real = feeds["harmonics"].detach().requires_grad_()
        real_logit, fake_logit = self.critic(real, feeds["ctfSquared"]), self.critic(*fake)
        loss = F.softplus(-real_logit).mean() + F.softplus(fake_logit).mean()
        (slope,) = torch.autograd.grad(real_logit.sum(), real, create_graph=True)
        penalty = slope.square().sum() / self.case.batch
        return self.move_critic(loss, penalty, real_logit, fake_logit)

    def volume_loss(self, table: torch.Tensor, feeds: dict[str, torch.Tensor]) -> torch.Tensor:
        return F.softplus(-self.critic(*self.simulate(table, feeds))).mean()

    def scales(self) -> dict[str, torch.Tensor]:
        return {"signalAmplitude": self.log_amplitude}

    def state(self) -> dict[str, torch.Tensor]:
        return {
            "u": self.u,
            "average": self.average,
            "logAmplitude": self.log_amplitude,
            "templates": self.templates,
            "offsets": self.offsets,
        }


def feed_sets(case: Case) -> list[dict[str, dict[str, torch.Tensor]]]:
    """Feeds of the iterations, by step and name."""
    sets = []
    for i in range(case.feedSets):
        feeds: dict[str, dict[str, torch.Tensor]] = {}
        for name, values in case.group(f"feeds{i}/").items():
            plain, step = name.rsplit(".", 1)
            if plain not in feed_names:
                raise SystemExit(f"the twin does not know the feed {plain}")
            feeds.setdefault(step, {})[plain] = values
        sets.append(feeds)
    return sets


def agrees(case: Case, variant: str, iteration: int, outputs: dict[str, float], state: dict[str, torch.Tensor]) -> bool:
    """Relative differences, in the 2-norm, from what the TypeScript program found."""
    found = {
        **{name: torch.tensor(value) for name, value in outputs.items()},
        **{name: t.detach() for name, t in state.items()},
    }
    differences = {}
    for name, expected in case.group(f"expected{iteration}/").items():
        scale = max(float(expected.norm()), 1e-3)
        differences[name] = float((found[name].reshape(expected.shape) - expected).norm()) / scale
    print(
        f"n={case.n} {variant}, after {iteration}: " + " ".join(f"{name} {d:.1e}" for name, d in differences.items()),
        file=sys.stderr,
    )
    return all(d <= case.tolerance for d in differences.values())


def main() -> int:
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    twins, good = [], True
    for folder, variant in zip(sys.argv[2::2], sys.argv[3::2]):
        case = Case(folder)
        twin = NetworkTwin(case) if variant == "network" else Twin(case, variant)
        feeds = feed_sets(case)
        for i in range(max(case.compared)):
            outputs = twin.iterate(feeds[i % len(feeds)])
            if i + 1 in case.compared:
                good &= agrees(case, variant, i + 1, outputs, twin.state())
        twins.append((twin, feeds))
    if not good:
        print("the twin computes something else", file=sys.stderr)
        return 1
    print("ready", flush=True)
    for line in sys.stdin:
        index, count = map(int, line.split())
        twin, feeds = twins[index]
        times, used = [], time.process_time()
        for i in range(count):
            start = time.perf_counter()
            twin.iterate(feeds[i % len(feeds)])
            times.append(time.perf_counter() - start)
        # On Linux the largest resident size is told in KiB.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps(dict(seconds=times, cpuSeconds=time.process_time() - used, peakKib=peak)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
