"""How long to wait before whatever did not answer is asked again."""


def pause_s(between: tuple[float, float], tries: int) -> float:
    """Seconds, after so many tries in a row (from 1): doubles from the first of these to the second."""
    first, most = between
    return min(most, first * 2 ** min(tries - 1, 20))
