#!/usr/bin/python3
"""Trains the adversarial loop in PyTorch on a STAR file, marching in frequency: a time to compare ours with.

    pytorch_train.py STAR OUT [--stages 16:500,24:1000,32:2000] [--threads 2] [--every 2] [--mask-radius 0.45]
                     [--seed 1]

STAGES lists box sizes in pixels and iterations. An iteration is that of pytorch_twin.py ('harmonics', the faster of its
formulations), which is tested against the TypeScript program; here are what precedes it (images, spectra, harmonics of
all particles once per stage) and the random batches, as src/reconstruct does them. Settings are those of
src/reconstruct/adversarial/recipes.ts. Every few seconds it writes the running average of the volume to
OUT/map_ITERATION.mrc. Particles are taken to be centred, and the noise to be white.
"""

import argparse
import math
import time
from dataclasses import asdict
from pathlib import Path

import mrcfile
import numpy as np
import torch

from pytorch_ctf import Ctf, CtfParameters
from pytorch_twin import Twin

recipe = dict(
    batch=128, criticSteps=2, criticRate=1e-2, volumeRate=3e-2, gradientPenalty=0.01, averaging=0.01, templates=16
)
decay = 0.3
noise_images = 4096


def star_tables(path: Path) -> dict[str, dict[str, list[str]]]:
    """Loops of a STAR file: block name → column → values."""
    tables, columns = {}, []
    for line in path.read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("data_"):
            table = tables.setdefault(words[0].removeprefix("data_"), {})
        elif words[0] == "loop_":
            columns = []
        elif words[0].startswith("_"):
            columns.append(words[0][1:])
            table[columns[-1]] = []
        else:
            for column, word in zip(columns, words):
                table[column].append(word)
    return tables


class Particles:
    """Images [count, n, n] with backgrounds of mean 0 and deviation 1, and what their CTFs depend on."""

    def __init__(self, star: Path, mask_radius: float):
        tables = star_tables(star)
        particles, optics = (
            tables["particles"],
            {name: float(values[0]) for name, values in tables["optics"].items() if name != "rlnOpticsGroupName"},
        )
        index, stack = zip(*(name.split("@") for name in particles["rlnImageName"]))
        assert len(set(stack)) == 1 and len(tables["optics"]["rlnOpticsGroup"]) == 1, (
            "one stack and one optics group are all this program reads"
        )
        with mrcfile.open(star.parent / stack[0], permissive=True) as file:
            self.images = torch.from_numpy(file.data[np.array(index, dtype=int) - 1].astype(np.float32))
        self.count, self.n = self.images.shape[:2]
        self.box_angstrom = self.n * optics["rlnImagePixelSize"]
        x = torch.arange(self.n) - self.n // 2
        self.background = torch.hypot(x[:, None].float(), x.float()) > mask_radius * self.n
        outside = self.images[:, self.background]
        self.images = (self.images - outside.mean(1)[:, None, None]) / outside.std(1, unbiased=False)[:, None, None]

        u, v, angle = (
            torch.tensor([float(word) for word in particles[name]], dtype=torch.float64)
            for name in ("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")
        )
        volts = 1e3 * optics["rlnVoltage"]
        wavelength = 12.2643247 / math.sqrt(volts * (1 + volts * 0.978466e-6))
        theta, one = torch.deg2rad(angle), torch.ones_like(u)
        half = math.pi * wavelength * (u - v) / 2
        row = lambda values: (values * one).float()[None]
        self.ctf_parameters = CtfParameters(
            defocus=row(math.pi * wavelength * (u + v) / 2),
            astigmatismCosine=row(half * torch.cos(2 * theta)),
            astigmatismSine=row(half * torch.sin(2 * theta)),
            sphericalAberration=row(-math.pi / 2 * optics["rlnSphericalAberration"] * 1e7 * wavelength**3),
            phaseAtZero=row(math.asin(optics["rlnAmplitudeContrast"])),
            envelope=row(0),
            phaseFlipped=row(0),
        )


class PolarTransform:
    """Exact transforms of images on half circles of radius 1 … r, and CTFs there."""

    def __init__(self, n: int, radii: int, angles: int, box_angstrom: float):
        phi = math.pi * torch.arange(angles, dtype=torch.float64) / angles
        k = torch.stack(
            [
                torch.outer(part, torch.arange(1, radii + 1, dtype=torch.float64)).flatten()
                for part in (phi.cos(), phi.sin())
            ]
        )
        x = torch.arange(n, dtype=torch.float64) - n // 2
        phase = -2 * math.pi / n * (k[0, :, None, None] * x + k[1, :, None, None] * x[:, None]).reshape(-1, n * n)
        self.matrix = torch.stack([phase.cos(), phase.sin()]).float()  # [2, frequencies, pixels]
        self.ctf = Ctf(k.T / box_angstrom)

    def images(self, images: torch.Tensor) -> torch.Tensor:
        """[batch, n, n] → [2, frequencies, batch]."""
        return self.matrix @ images.flatten(1).T


def measure_spectra(particles: Particles, sample: int = 5120) -> tuple[torch.Tensor, torch.Tensor]:
    """Power of noise and signal on shells 0 … n/2, as src/reconstruct/measure/spectra.ts."""
    n, top = particles.n, particles.n // 2
    angles = max(8, 2 * math.ceil(n / 4))
    polar = PolarTransform(n, top, angles, particles.box_angstrom)
    shells = lambda t: t.view(angles, top, -1).double().sum((0, 2))
    background = weighted = ctf2 = ctf4 = torch.zeros(top, dtype=torch.float64)
    chosen = torch.linspace(0, particles.count - 1, min(sample, particles.count)).long()
    for part in chosen.split(256):
        images, transfer2 = particles.images[part], polar.ctf(particles.ctf_parameters.of(part)).square()
        background = background + shells(polar.images(images * particles.background).square().sum(0))
        weighted = weighted + shells(polar.images(images).square().sum(0) * transfer2)
        ctf2, ctf4 = ctf2 + shells(transfer2), ctf4 + shells(transfer2.square())
    noise = background / (len(chosen) * angles) * n * n / particles.background.sum()
    signal = torch.maximum((weighted - noise * ctf2) / ctf4, 1e-3 * noise)
    return torch.cat([noise[:1], noise]), torch.cat([signal[:1], signal])


class Stage:
    """Constants and initial state of a stage, as pytorch_twin.Case has them."""

    def __init__(
        self,
        n: int,
        particles: Particles,
        noise: torch.Tensor,
        signal: torch.Tensor,
        mask_radius: float,
        previous: torch.Tensor | None,
    ):
        self.__dict__.update(
            recipe,
            positive=False,
            n=n,
            maxRadius=n // 2,
            angles=n,
            turns=n,
            boxAngstrom=particles.box_angstrom,
        )
        x = (torch.arange(n) - n // 2).double()
        radius = torch.sqrt(x[:, None, None] ** 2 + x[:, None] ** 2 + x**2)
        low = radius.floor().long().clamp(max=len(signal) - 1)
        high = (low + 1).clamp(max=len(signal) - 1)
        power = signal[low] + (radius - low) * (signal[high] - signal[low])
        edge = max(2, n / 8)
        t = ((radius - mask_radius * n) / edge + 0.5).clamp(0, 1)
        self.arrays = dict(
            amplitude=torch.where(radius <= n // 2 + 0.5, power.sqrt(), torch.zeros(())).float(),
            mask=(0.5 + 0.5 * torch.cos(math.pi * t)).float(),
            noisePower=noise,
            signalPower=signal,
        )
        u = 0.02 * torch.randn(n, n, n)
        u[n // 2, n // 2, n // 2] = 1
        if (
            previous is not None
        ):  # the same coefficients, in the middle of a larger box; those at the old Nyquist frequency are left out
            m = len(previous)
            inner = slice(n // 2 - m // 2 + 1, n // 2 + m // 2)
            u[inner, inner, inner] = previous[1:, 1:, 1:]
        self.initial = dict(
            u=u,
            average=u.clone(),
            templates=0.1 * torch.randn(n, 2 * self.templates, n),
            offsets=torch.zeros(2 * self.templates),
        )

    def array(self, name: str) -> torch.Tensor:
        return self.arrays[name]

    def group(self, prefix: str) -> dict[str, torch.Tensor]:
        assert prefix == "initial/"
        return self.initial


class Batches:
    """Random batches of a stage. Particles and noise are transformed once."""

    def __init__(self, twin: Twin, particles: Particles):
        self.twin, self.particles = twin, particles
        case = twin.case
        polar = PolarTransform(particles.n, case.maxRadius, case.angles, case.boxAngstrom)
        harmonics, ctf_squared = [], []
        for first in range(0, particles.count, 256):
            transfer = polar.ctf(particles.ctf_parameters.of(slice(first, first + 256)))
            seen = polar.images(particles.images[first : first + 256]) * (twin.whitening * transfer)
            size = seen.shape[2]
            harmonics.append(twin.harmonics(seen).reshape(-1, size).T.contiguous())
            ctf_squared.append(transfer.square().view(case.angles, case.maxRadius, size).mean(0).T)
        self.harmonics, self.ctf_squared = torch.cat(harmonics), torch.cat(ctf_squared)
        # Noise as the images have it, on the grid; the other half turn is the complex conjugate.
        white = torch.cat(
            [
                polar.images(torch.randn(256, particles.n, particles.n)).permute(2, 0, 1)
                for _ in range(noise_images // 256)
            ]
        )
        colour = case.array("noisePower")[1 : case.maxRadius + 1].float().sqrt() / particles.n
        half = white.view(noise_images, 2, case.angles, case.maxRadius) * colour
        self.noise = torch.cat([half, half * torch.tensor([1.0, -1.0])[:, None, None]], 2)

    def simulated(self) -> dict[str, torch.Tensor]:
        case, size = self.twin.case, self.twin.case.batch
        q = torch.nn.functional.normalize(torch.randn(size, 4), dim=1)
        a, b, c, d = q.T
        rotations = torch.stack(
            [
                a * a + b * b - c * c - d * d,
                2 * (b * c - a * d),
                2 * (b * d + a * c),
                2 * (b * c + a * d),
                a * a - b * b + c * c - d * d,
                2 * (c * d - a * b),
                2 * (b * d - a * c),
                2 * (c * d + a * b),
                a * a - b * b - c * c + d * d,
            ],
            1,
        ).view(size, 3, 3)
        turns = (torch.arange(case.angles) + torch.randint(2 * case.angles, (size, 1))) % (2 * case.angles)
        noise = self.noise[torch.randint(noise_images, (size, 1)), :, turns]  # [batch, angles, 2, radii]
        re, im = noise.permute(2, 1, 3, 0).reshape(2, -1, size)
        chosen = torch.randint(self.particles.count, (size,))
        return dict(rotations=rotations, noiseRe=re, noiseIm=im, **asdict(self.particles.ctf_parameters.of(chosen)))

    def iteration(self) -> dict[str, dict[str, torch.Tensor]]:
        feeds = {"volume": self.simulated()}
        for step in range(self.twin.case.criticSteps):
            chosen = torch.randint(self.particles.count, (self.twin.case.batch,))
            real = dict(
                harmonics=self.harmonics[chosen].T.reshape(self.twin.case.angles, -1, len(chosen)),
                ctfSquared=self.ctf_squared[chosen].T,
            )
            feeds[str(step)] = {**self.simulated(), **real}
        return feeds


def write_map(path: Path, twin: Twin) -> None:
    """The density of the running average."""
    case = twin.case
    density = twin.average * twin.amplitude
    for _ in range(3):
        density = torch.tensordot(density, twin.cas, dims=([0], [0]))
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data((density * case.array("mask") * twin.log_amplitude.detach().exp()).numpy().astype(np.float32))
        file.voxel_size = case.boxAngstrom / case.n


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("star", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stages", default="16:500,24:1000,32:2000")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=float, default=2, help="seconds between maps")
    parser.add_argument("--mask-radius", type=float, default=0.45)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)

    particles = Particles(options.star, options.mask_radius)
    noise, signal = measure_spectra(particles)
    previous, total = None, 0
    for n, iterations in (map(int, stage.split(":")) for stage in options.stages.split(",")):
        twin = Twin(Stage(n, particles, noise, signal, options.mask_radius, previous), "harmonics")
        batches = Batches(twin, particles)
        written = time.monotonic()
        for i in range(iterations):
            for optimiser, rate in (
                (twin.critic_optimiser, recipe["criticRate"]),
                (twin.volume_optimiser, recipe["volumeRate"]),
            ):
                for group in optimiser.param_groups:
                    group["lr"] = (
                        rate * decay ** (i / iterations) * (0.1 if group["params"][0] is twin.log_amplitude else 1)
                    )
            twin.iterate(batches.iteration())
            total += 1
            if time.monotonic() - written > options.every or i == iterations - 1:
                write_map(options.out / f"map_{total:06d}.mrc", twin)
                written = time.monotonic()
        previous = twin.average * twin.log_amplitude.detach().exp()


if __name__ == "__main__":
    main()
