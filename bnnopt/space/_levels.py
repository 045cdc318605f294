"""Variables that are a choice between levels."""

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from bnnopt.space._descriptors import Descriptors, as_descriptors
from bnnopt.space._encoding import Level, LevelsCodec
from bnnopt.space._variable import REQUIRED, BaseVariable, check_levels, given, plain_levels

__all__ = ["Categorical", "codec_of_levels", "descriptors_given"]


class Categorical(BaseVariable):
    """A choice between named levels that have no order; numbers that describe them may say which are alike.

    Without descriptors a level is one column of 0 and 1 of the unit cube. With them, few columns made of the
    descriptors take their place: scaled to [0, 1], those that repeat each other dropped, never more than
    levels less one. Levels alone are ever suggested, and climbs never move between them.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    levels : sequence of str, int, float or bool
        The levels, at least one (two, to have a choice), no two of them equal (1, 1.0 and True are equal).
    descriptors : DataFrame or mapping, optional
        Finite numbers, in any units, that describe each level, such as the pKa and the polarity of solvents:
        a DataFrame with one row for each level, indexed by level, or a mapping of each level to numbers (one,
        a sequence, or a mapping by name). Constant columns are dropped, and those whose correlation with one
        before exceeds 0.95 in size (as in Shields et al., Nature 2021, 590, 89-96). Where as many columns as
        levels are left, leading principal components that explain 75 % of their variance take their place.
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    InvalidDataError
        When there is no level, or the same level twice; when descriptors are missing for a
        level, are given for an unknown one, are no finite numbers, or are the same for two levels.

    Examples
    --------
    >>> from bnnopt import SearchSpace
    >>> polarity = {"water": 80, "DMF": 37, "hexane": 2}
    >>> solvent = Categorical("solvent", list(polarity), descriptors=polarity)
    >>> SearchSpace([solvent]).decode([[0.4], [0.9]])["solvent"].tolist()
    ['DMF', 'water']
    """

    type: Literal["categorical"] = "categorical"
    levels: tuple[Level, ...]
    descriptors: Descriptors | None = None

    def __init__(self, name: str = REQUIRED, levels: Any = REQUIRED, **options: Any) -> None:
        super().__init__(**given(name=name, levels=levels, **options))

    @field_validator("levels", mode="before")
    @classmethod
    def _accept_numpy(cls, levels: Any) -> Any:
        return plain_levels(levels)

    @field_validator("descriptors", mode="before")
    @classmethod
    def _tabulate(cls, table: Any, info: ValidationInfo) -> Any:
        return descriptors_given(table, info)

    @model_validator(mode="after")
    def _check(self) -> "Categorical":
        check_levels(self.name, self.levels)
        return self

    @property
    def codec(self) -> LevelsCodec:
        """The map to and from one column for each level, or to few columns made of descriptors."""
        return codec_of_levels(self.levels, self.descriptors)


def descriptors_given(table: Any, info: ValidationInfo) -> Descriptors | None:
    """Return descriptors of the levels of a variable that is validated; none where its levels are wrong."""
    levels = info.data.get("levels")
    if not levels:
        return None
    return as_descriptors(str(info.data.get("name", "levels")), levels, table)


def codec_of_levels(levels: tuple[Level, ...], descriptors: Descriptors | None) -> LevelsCodec:
    """Return the codec of levels, with descriptors or without."""
    if descriptors is None:
        return LevelsCodec(levels)
    columns, places = descriptors.encoded
    return LevelsCodec(levels, places, columns)
