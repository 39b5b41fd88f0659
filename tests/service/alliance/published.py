"""The figures that the reference data's own table gives, to its rounding. Simulated clients, all of them."""

# sens visible, sens all, false/100, PPV, delay, AUC, sens@3, sens@5, early, repair right
ONLINE_FIGURES = (
    "sens_visible",
    "sens_all",
    "false_per_100",
    "ppv",
    "delay",
    "auc",
    "sens_at_3",
    "sens_at_5",
    "early",
    "repair_right",
)
BASE = {
    "own-baseline": (0.48, 0.36, 2.3, 0.47, 0.31, 0.712, 0.57, 0.69, 0.64, 0.77),
    "own-baseline-watch": (0.64, 0.48, 4.2, 0.41, 0.30, 0.712, 0.57, 0.69, 0.64, 0.79),
    "own-baseline-notices": (0.47, 0.34, 2.1, 0.42, 0.34, 0.712, 0.57, 0.69, 0.64, 0.77),
    "context": (0.52, 0.38, 2.5, 0.51, 0.35, 0.739, 0.58, 0.69, 0.61, 0.81),
    "below-mean-rci": (0.73, 0.53, 5.7, 0.38, 0.27, 0.698, 0.58, 0.70, 0.66, 0.80),
    "below-mean-pooled-sd": (0.49, 0.33, 2.1, 0.46, 0.34, 0.698, 0.57, 0.70, 0.73, 0.79),
    "stricter-sd-1": (0.62, 0.44, 3.6, 0.42, 0.34, 0.699, 0.58, 0.68, 0.56, 0.78),
    "stricter-sd-2": (0.29, 0.19, 0.8, 0.52, 0.34, 0.699, 0.58, 0.68, 0.56, 0.77),
    "below-mean-own-sd-1": (0.63, 0.53, 9.0, 0.27, 0.33, 0.689, 0.41, 0.53, 0.12, 0.77),
    "below-mean-own-sd-2": (0.50, 0.40, 4.3, 0.32, 0.35, 0.689, 0.41, 0.53, 0.12, 0.79),
    "last-fall-rci": (0.64, 0.46, 5.4, 0.29, 0.24, 0.599, 0.51, 0.62, 0.59, 0.79),
    "control-chart-2": (0.51, 0.42, 4.6, 0.34, 0.36, 0.690, 0.39, 0.53, 0.13, 0.78),
    "control-chart-3": (0.36, 0.30, 2.8, 0.35, 0.38, 0.690, 0.39, 0.53, 0.13, 0.80),
    "ewma": (0.20, 0.14, 1.3, 0.44, 0.71, 0.735, 0.41, 0.52, 0.57, 0.73),
    "cusum": (0.12, 0.09, 1.6, 0.35, 1.10, 0.709, 0.34, 0.50, 0.44, 0.72),
    "total-36": (0.85, 0.66, 28.3, 0.18, 0.17, 0.689, 0.23, 0.35, 0.38, 0.76),
    "item-9": (0.92, 0.81, 47.8, 0.14, 0.12, 0.685, 0.24, 0.36, 0.39, 0.73),
    "fall-1": (0.87, 0.75, 20.8, 0.18, 0.21, 0.599, 0.51, 0.62, 0.59, 0.78),
    "any-prompt": (0.93, 0.84, 49.5, 0.14, 0.12, 0.692, 0.25, 0.38, 0.39, 0.73),
}
# sens visible, false/100, sens@3
OTHERS = {
    "srs_lownorm": {
        "own-baseline": (0.42, 2.0, 0.50),
        "own-baseline-watch": (0.53, 4.5, 0.50),
        "own-baseline-notices": (0.39, 1.9, 0.50),
        "context": (0.45, 2.1, 0.51),
        "below-mean-rci": (0.58, 6.2, 0.50),
        "below-mean-pooled-sd": (0.50, 3.0, 0.48),
        "stricter-sd-1": (0.56, 5.7, 0.47),
        "below-mean-own-sd-2": (0.43, 4.3, 0.39),
        "last-fall-rci": (0.48, 6.0, 0.37),
        "control-chart-2": (0.45, 4.3, 0.40),
        "ewma": (0.21, 0.8, 0.40),
        "cusum": (0.14, 1.0, 0.33),
        "total-36": (0.88, 62.5, 0.15),
        "any-prompt": (0.93, 77.7, 0.15),
    },
    "srs_ceiling": {
        "own-baseline": (0.65, 2.0, 0.71),
        "own-baseline-watch": (0.76, 3.8, 0.71),
        "own-baseline-notices": (0.62, 1.6, 0.71),
        "context": (0.63, 2.3, 0.72),
        "below-mean-rci": (0.84, 4.7, 0.71),
        "below-mean-pooled-sd": (0.54, 1.1, 0.72),
        "stricter-sd-1": (0.67, 1.9, 0.76),
        "below-mean-own-sd-2": (0.48, 3.0, 0.48),
        "last-fall-rci": (0.75, 4.1, 0.67),
        "control-chart-2": (0.56, 3.2, 0.56),
        "ewma": (0.23, 1.4, 0.43),
        "cusum": (0.19, 1.6, 0.30),
        "total-36": (0.80, 10.9, 0.29),
        "any-prompt": (0.96, 22.6, 0.42),
    },
    "wai_sr": {
        "own-baseline": (0.48, 2.2, 0.52),
        "own-baseline-watch": (0.59, 4.4, 0.52),
        "own-baseline-notices": (0.45, 2.1, 0.52),
        "context": (0.52, 2.1, 0.54),
        "below-mean-rci": (0.70, 7.3, 0.54),
        "below-mean-pooled-sd": (0.56, 3.9, 0.52),
        "stricter-sd-1": (0.68, 6.6, 0.49),
        "below-mean-own-sd-2": (0.41, 3.9, 0.38),
        "last-fall-rci": (0.59, 7.7, 0.36),
        "control-chart-2": (0.42, 4.2, 0.34),
        "ewma": (0.30, 1.1, 0.45),
        "cusum": (0.25, 0.9, 0.37),
        "total-36": (0.91, 77.8, 0.23),
        "any-prompt": (0.91, 79.4, 0.23),
    },
}
NULL_FALSE = {
    "own-baseline": 3.2,
    "own-baseline-watch": 6.1,
    "own-baseline-notices": 2.9,
    "context": 3.3,
    "below-mean-rci": 6.8,
    "below-mean-pooled-sd": 3.1,
    "stricter-sd-1": 5.3,
    "below-mean-own-sd-2": 5.0,
    "last-fall-rci": 6.4,
    "control-chart-2": 5.3,
    "ewma": 1.3,
    "cusum": 1.6,
    "total-36": 32.6,
    "any-prompt": 57.2,
}
# flagged, with return, sens visible, false/100, repair right; then flagged and with return in srs_null
CRITERIA_FIGURES = ("flagged", "with_return", "sens_visible", "false_per_100", "repair_right")
LOOKING_BACK = {
    "stiles-like": ((0.49, 0.38, 0.44, 4.5, 0.78), (0.47, 0.40)),
    "strauss-like": ((0.37, 0.28, 0.57, 2.9, 0.81), (0.38, 0.35)),
    "gumz-like-1": ((0.53, 0.40, 0.64, 6.5, 0.76), (0.54, 0.45)),
    "gumz-like-2": ((0.22, 0.16, 0.38, 1.5, 0.82), (0.22, 0.18)),
    "mclaughlin-like": ((0.44, 0.26, 0.63, 4.8, 0.78), (0.41, 0.27)),
    "stevens-like": ((0.40, 0.23, 0.57, 4.1, 0.79), (0.35, 0.22)),
    "lipner-like": ((0.37, 0.30, 0.44, 2.8, 0.80), (0.33, 0.30)),
    "chart-3-back": ((0.15, 0.12, 0.20, 0.9, 0.83), (0.14, 0.12)),
    "partition": ((0.10, 0.06, 0.19, 0.6, 0.87), (0.06, 0.04)),
}
# Half of the last digit that the table gives.
TOLERANCE = {"false_per_100": 0.0501, "auc": 0.000501}


def differences(found: object, names: tuple[str, ...], published: tuple[float, ...]) -> list[str]:
    """Return the names of the figures that differ from the published ones by more than their rounding."""
    return [
        name
        for name, figure in zip(names, published, strict=True)
        if abs(getattr(found, name) - figure) > TOLERANCE.get(name, 0.00501)
    ]
