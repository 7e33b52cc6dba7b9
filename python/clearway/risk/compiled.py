"""Compiling with Numba at import, for one signature, kept on disk where that is possible."""

from collections.abc import Callable
from typing import Any, Final

from numba import njit

REQUIRED: Final = ("C_CONTIGUOUS", "WRITEABLE")  # of arrays, as the signatures have them


def compiled(signature: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compiles now, for exactly this signature, so that no payment ever waits for a compiler.

    What is compiled runs without the interpreter's lock: a full batch is scored for 20 ms, in which
    other threads answer and follow. Callers guard what it writes with locks of their own.

    Numba keeps the result beside the module, or under the user's cache folder when the package
    lies in a read-only place, or where NUMBA_CACHE_DIR points. With none of them writable it
    refuses to decorate; then each start compiles again. (A shared temporary folder is no way out:
    a cache is code, and others may write there.)
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            result: Callable[..., Any] = njit(
                signature, cache=True, nogil=True, error_model="numpy"
            )(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            result = njit(signature, nogil=True, error_model="numpy")(function)
        return result

    return decorate
