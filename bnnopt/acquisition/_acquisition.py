"""An acquisition function with what is needed to call it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bnnopt._estimators import is_whole
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup
from bnnopt.acquisition._arrays import as_draws, as_draws_of_many, as_moments, as_moments_of_many
from bnnopt.acquisition._calling import as_scores, call, entries_for
from bnnopt.acquisition._feasibility import FORMS, Form
from bnnopt.acquisition._signature import SITUATION, check_signature, required_entries, takes
from bnnopt.exceptions import InvalidDataError

__all__ = ["SITUATION", "Acquisition", "Needs", "NumberOfUtilities"]

Needs: TypeAlias = Literal["moments", "draws"]
NumberOfUtilities: TypeAlias = Literal["one", "many"] | int

CHECKS: dict[tuple[str, bool], Callable[..., tuple[FloatArray, ...]]] = {
    ("moments", False): as_moments,
    ("moments", True): as_moments_of_many,
    ("draws", False): lambda draws: (as_draws(draws),),
    ("draws", True): lambda draws: (as_draws_of_many(draws),),
}
N_ARRAYS = {"moments": 2, "draws": 1}
AXIS_OF_CANDIDATES = {"moments": 0, "draws": 1}


@dataclass(frozen=True)
class Acquisition:
    """An acquisition function, what it needs, and the values of its own parameters.

    Parameters
    ----------
    name : str
        The name for messages and tables.
    function : callable
        `function(mean, std, **keywords)` with mean and std of shape (n,), or `function(draws, **keywords)`
        with draws of shape (n_draws, n). It returns scores of shape (n,), finite or -inf, larger is better,
        and changes nothing. The keywords are its own parameters and, of the situation, those names in
        `SITUATION` that it takes; see `score`.
    needs : {"moments", "draws"}, default="moments"
        Which arrays the function takes.
    form : {"positive", "log", "utility"}, default="utility"
        How a probability of feasibility or a cost enters the score; see `with_feasibility` and
        `per_unit_cost`.
    parameters : mapping, optional
        Keyword arguments of the function.
    is_expectation : bool, default=False
        Whether the score by moments is an expected value under a normal distribution (or its logarithm, in
        the form "log"), so that the score of a mixture of normal distributions is the mean of those of its
        components.
    folded : callable, optional
        The same score in closed form where the utility is minus the absolute value of a normal outcome:
        called like `function`, with the moments of the outcome; see `score_folded`.
    n_utilities : {"one", "many"} or int, default="one"
        With "many", each candidate has m utilities: mean and std have shape (n, m), draws (n_draws, n, m);
        scores still have shape (n,). A number says that it is for exactly so many, at least 2, as a closed
        form may be.
    stand_in : Acquisition or sequence of Acquisition, default=()
        For a function of draws: one of moments that is large at the same candidates, by which a whole space
        is searched before the draws decide among the best. Of several the first that weighs as many utilities
        as there are counts. By default the upper confidence bound, of several utilities "ehvi" or the
        hypervolume that their bounds would add.
    joint : str, default=""
        For a function of moments without parameters: the key in `ACQUISITIONS` of the same score of several
        rows together, by draws, which chooses batches in its place.

    Raises
    ------
    UnknownNameError
        `needs`, `form`, `n_utilities` or the name of a parameter is not known, or a parameter has a name in
        `SITUATION`.
    InvalidDataError
        The signature of the function does not take the arrays.

    Examples
    --------
    >>> import numpy as np
    >>> def mine(mean, std, *, weight=1.0):
    ...     return mean + weight * np.sqrt(std)
    >>> Acquisition("mine", mine, parameters={"weight": 2.0}).score([1.0, 0.0], [0.0, 4.0])
    array([1., 4.])
    """

    name: str
    function: Callable[..., Any]
    needs: Needs = "moments"
    form: Form = "utility"
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    is_expectation: bool = False
    folded: Callable[..., Any] | None = None
    n_utilities: NumberOfUtilities = "one"
    stand_in: "Acquisition | Sequence[Acquisition]" = ()
    joint: str = ""

    def __post_init__(self) -> None:
        n_arrays = lookup(N_ARRAYS, self.needs, "needs of an acquisition")
        lookup(dict.fromkeys(FORMS), self.form, "form of an acquisition")
        if not (is_whole(self.n_utilities) and int(self.n_utilities) > 1):
            lookup({"one": 1, "many": 2}, str(self.n_utilities), "number of utilities of an acquisition")
        object.__setattr__(self, "parameters", dict(self.parameters))
        object.__setattr__(self, "stand_in", self.stand_ins)
        check_signature(self.name, self.function, n_arrays, self.parameters)
        if self.folded is not None:
            check_signature(f"{self.name}, folded", self.folded, N_ARRAYS["moments"], self.parameters)

    @property
    def is_joint(self) -> bool:
        """Whether the function scores candidates together with those chosen already: it takes `chosen`."""
        return takes(self.function, "chosen", N_ARRAYS[self.needs], by_name=True)

    @property
    def stand_ins(self) -> "tuple[Acquisition, ...]":
        """What `stand_in` says, as a tuple."""
        return (self.stand_in,) if isinstance(self.stand_in, Acquisition) else tuple(self.stand_in)

    @property
    def takes_many(self) -> bool:
        """Whether the function looks at several utilities of each candidate at once."""
        return self.n_utilities != "one"

    def weighs(self, n_utilities: int) -> bool:
        """Tell whether the function takes so many utilities at once.

        Parameters
        ----------
        n_utilities : int
            At least 1.

        Returns
        -------
        bool
            Whether it does.
        """
        if self.n_utilities in ("one", "many"):
            return self.takes_many == (n_utilities > 1)
        return n_utilities == self.n_utilities

    def accepts(self, entry: str) -> bool:
        """Tell whether an entry of the situation reaches the function.

        Parameters
        ----------
        entry : str
            A name in `SITUATION`.

        Returns
        -------
        bool
            True if the function takes it by name or takes any keyword.

        Raises
        ------
        UnknownNameError
            The name is not in `SITUATION`.
        """
        lookup(SITUATION, entry, "entry of the situation")
        return takes(self.function, entry, N_ARRAYS[self.needs])

    def requires(self, entry: str) -> bool:
        """Tell whether the function cannot do without an entry of the situation.

        Parameters
        ----------
        entry : str
            A name in `SITUATION`.

        Returns
        -------
        bool
            True of "best" for functions of the improvement.
        """
        return entry in required_entries(self.function, N_ARRAYS[self.needs])

    def score(self, *arrays: ArrayLike, best: float | None = None, **situation: Any) -> FloatArray:
        """Return the scores of candidates, checked.

        Parameters
        ----------
        *arrays : array-like
            mean and std of shape (n,) or draws of shape (n_draws, n), as `needs` says; with a last axis of
            length m unless `n_utilities` is "one".
        best : float, optional
            Best utility observed so far; needed by the functions of improvement.
        **situation
            What else is known; the function gets what it takes, None counts as not known.
            `chosen`: draws of the utility at rows in the batch or on their way, of shape
            (n_draws, n_chosen), n_chosen may be 0; `observed`: draws at the rows measured, of shape
            (n_draws, n_observed); both joint with `draws`. `n_observed`: number of rows measured.
            `noise_variance`: variance of the observation noise of the utility, at least 0. Of several
            utilities also `front`, of shape (k, m), and `reference`, of shape (m,).

        Returns
        -------
        ndarray of shape (n,)
            Finite or -inf, larger is better.

        Raises
        ------
        InvalidDataError
            The arrays are not what the function needs, an entry of the situation that it needs is missing,
            it tried to change its input, or its result has a wrong shape, a NaN or +inf.
        UnknownNameError
            A name is not in `SITUATION`.
        """
        return self._score(self.name, self.function, self.needs, arrays, {"best": best, **situation})

    def score_folded(
        self, mean: ArrayLike, std: ArrayLike, *, best: float | None = None, **situation: Any
    ) -> FloatArray:
        """Return the scores of candidates whose utility is minus the absolute value of a normal outcome.

        Parameters
        ----------
        mean, std : array-like of shape (n,)
            Moments of the outcome, shifted and scaled so that the utility is -abs(x).
        best : float, optional
            Best utility observed so far, at most 0.
        **situation
            As in `score`.

        Returns
        -------
        ndarray of shape (n,)
            Finite or -inf, larger is better.

        Raises
        ------
        InvalidDataError
            There is no closed form (`folded` is None), or as in `score`.
        UnknownNameError
            A name is not in `SITUATION`.
        """
        if self.folded is None:
            raise InvalidDataError(
                f"Acquisition {self.name!r} has no closed form for the distance from a target. "
                "Use score with the moments of the utility, or an acquisition that has, such as 'log_ei'."
            )
        known = {"best": best, **situation}
        return self._score(f"{self.name}, folded", self.folded, "moments", (mean, std), known)

    def _score(
        self,
        name: str,
        function: Callable[..., Any],
        needs: Needs,
        arrays: tuple[ArrayLike, ...],
        situation: Mapping[str, Any],
    ) -> FloatArray:
        if len(arrays) != N_ARRAYS[needs]:
            raise InvalidDataError(
                f"Acquisition {name!r} needs {needs}: {N_ARRAYS[needs]} array(s), got {len(arrays)}."
            )
        checked = CHECKS[needs, self.takes_many](*arrays)
        entries = entries_for(name, function, len(arrays), situation)
        result = call(name, function, checked, {**entries, **self.parameters})
        return as_scores(name, result, checked[0].shape[AXIS_OF_CANDIDATES[needs]])
