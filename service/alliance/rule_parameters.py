"""The numbers of the named rules and criteria that stand beside the default."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class RuleParameters:
    """What each means stands beside it in ``thresholds.toml``.

    ``*_ratings`` count ratings of the series, ``*_window`` ratings after a fall. Limits are in the spreads
    that their rule divides by, ``own_sd_floor``, ``context_*dip_sd`` in the scale's points, ``stevens_step``
    in points of the item mean; ``*_return`` are shares or spreads, as their criterion says.
    """

    unsure_cap: float
    rci_z: float
    own_sd_1: float
    own_sd_2: float
    own_sd_floor: float
    own_sd_ratings: int
    pooled_sd: float
    stricter_sd_1: float
    stricter_sd_2: float
    stricter_sd_ratings: int
    sudden_loss: float
    chart_sigma_2: float
    chart_sigma_3: float
    chart_d2: float
    chart_ratings: int
    ewma_weight: float
    ewma_limit: float
    cusum_slack: float
    cusum_limit: float
    context_limit: float
    context_run_kept: float
    context_run_cap: float
    context_run_step: float
    context_run_share: float
    context_dip_weight: float
    context_dip_low: float
    context_dip_high: float
    context_dip_sd: float
    context_early_dip_sd: float
    context_missed_weight: float
    context_missed_most: int
    back_ratings: int
    back_few_ratings: int
    back_window: int
    stiles_fall: float
    stiles_return: float
    strauss_fall: float
    strauss_return: float
    gumz_fall_1: float
    gumz_fall_2: float
    gumz_return: float
    gumz_window: int
    mclaughlin_return: float
    stevens_step: float
    stevens_return: float
    chart_return: float
    partition_penalty: float
    partition_fall: float
    partition_return: float
    pooled_baseline_z: float

    def echoed(self) -> dict[str, float]:
        """Return the numbers by name, as they are echoed with a comparison."""
        return asdict(self)
