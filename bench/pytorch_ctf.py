"""The CTF of src/physics/ctf.ts in PyTorch."""
from dataclasses import asdict, dataclass

import torch


@dataclass
class CtfParameters:
    """What the CTF of each particle depends on, by the names of src/physics/ctf.ts: a row each, [1, particles]."""

    defocus: torch.Tensor
    astigmatismCosine: torch.Tensor
    astigmatismSine: torch.Tensor
    sphericalAberration: torch.Tensor
    phaseAtZero: torch.Tensor
    envelope: torch.Tensor
    phaseFlipped: torch.Tensor

    @staticmethod
    def names() -> list[str]:
        return list(CtfParameters.__dataclass_fields__)

    def of(self, particles: torch.Tensor | slice) -> "CtfParameters":
        """Those of some particles."""
        return CtfParameters(**{name: row[:, particles] for name, row in asdict(self).items()})


class Ctf:
    """CTFs at some frequencies [count, 2], in 1/Å."""

    def __init__(self, s: torch.Tensor):
        s2 = (s**2).sum(1)
        astigmatic = [s[:, 0] ** 2 - s[:, 1] ** 2, 2 * s[:, 0] * s[:, 1]]
        self.factors = torch.stack([s2, *astigmatic, s2**2, torch.ones_like(s2)], 1).float()
        self.s2 = s2.float()[:, None]

    def __call__(self, p: CtfParameters) -> torch.Tensor:
        """[count, particles]"""
        terms = [p.defocus, p.astigmatismCosine, p.astigmatismSine, p.sphericalAberration, p.phaseAtZero]
        phase = self.factors @ torch.cat(terms)
        transfer = torch.sin(phase)
        return (transfer + p.phaseFlipped * (transfer.abs() - transfer)) * torch.exp(self.s2 * p.envelope)
