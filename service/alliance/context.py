"""What stands beside a client's scores before a session: single lines of context, never a signal."""

from service.alliance.pairs import Pairs
from service.alliance.parameters import Parameters
from service.alliance.words import number


def context_lines(pairs: Pairs, parameters: Parameters) -> tuple[str, ...]:
    """Return what the therapist's own ratings add: a dip below their own usual level, the usual gap.

    Empty where there is neither. The gap is no signal: clients mark higher as a rule, and both agree only
    moderately (r = .36).
    """
    told = []
    last = pairs.pairs[-1].therapist if pairs.pairs else None
    if last is not None and last.own_units is not None and -last.own_units >= parameters.therapist_dip_units:
        far = number(-last.own_units, 1)
        told.append(f"The therapist's own last rating lies {far} of their spreads below their earlier ones.")
    if pairs.usual_gap is not None:
        told.append(_gap_line(pairs.usual_gap))
    return tuple(told)


def _gap_line(gap: float) -> str:
    if number(abs(gap), 1) == "0.0":
        return "Client and therapist usually mark alike; that is context, not a signal."
    where = "above" if gap > 0 else "below"
    told = f"The client's marks usually lie {number(abs(gap), 1)} points {where} the therapist's"
    return f"{told}; such a gap is context, not a signal."
