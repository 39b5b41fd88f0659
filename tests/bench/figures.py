"""Figures and how they are printed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with DESIGN's target, if it has one."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """Return how the figure stands to its target."""
        if self.at_least is not None:
            return f"target >= {self.at_least:g}: {'reached' if self.value >= self.at_least else 'MISSED'}"
        if self.at_most is not None:
            return f"target <= {self.at_most:g}: {'reached' if self.value <= self.at_most else 'MISSED'}"
        return ""

    def __str__(self) -> str:
        return f"{self.name:<62}{self.value:>10.2f}  {self.verdict}"
