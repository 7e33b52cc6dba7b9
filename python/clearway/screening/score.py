"""How likely two names are one name: align the words, weigh what differs, give a probability.

`compare` lays the words of both names side by side and returns `Evidence`; `Weights` turn it into
log-odds, with one weight per kind of evidence, every weight in the direction a person would expect.
They are fitted by `benchmarks/screening_fit.py`. Nothing here knows a list.
"""

from __future__ import annotations

import math
import operator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from clearway.screening import words
from clearway.screening.names import Kind, Name, Token, readings_of, token_of


class Evidence(NamedTuple):
    """What two names have in common and where they differ; all zero but `shared` when equal."""

    edit_first: float  # the worst aligned word: its first edit beyond a spelling variant, 0..1
    edit_second: float  # ... its second, 0..1
    edit_third: float  # ... its third, 0..1: from here on it is another word
    edits_elsewhere: float  # edits in the other words, 0..4
    extra_person: float  # rarity of the words that only one person's name has
    extra_organisation: float  # the same for organisations, where one word makes another company
    extra_words: float  # their number, 0..4
    spelling: float  # distance of the whole texts, 0..1
    forms_differ: float  # AG against GmbH
    single_word: float  # one name is one word, the other several
    short_word: float  # the changed word has four letters or less: in an organisation, an acronym
    syllables: float  # Han or Hangul syllables that differ, where both names are so written
    vowelless: float  # vowels could not be compared
    order: float  # the words stand in another order
    number: float  # a number that only one name has
    initials: float  # words matched only by their initial
    shared: float  # log(1 + rarity of the words they share)


_SIGNIFICANT: Final = (Kind.WORD, Kind.NUMBER, Kind.INITIAL)
_EDITS_MAX: Final = 6.0
_EXTRA_REPEATED: Final = 0.2  # a repeated word is hardly another word: Sergey Sergey Shoigu
_WHOLE_EDITS_MAX: Final = 3.0
_WHOLE_EDITS_PER_WORD: Final = 1.5


def compare(one: Name, other: Name) -> Evidence:
    """The evidence of the two readings that agree best. Symmetrical in its arguments."""
    if one.other_reading is None and other.other_reading is None:
        return _compare_readings(one, other)
    return max(
        (_compare_readings(a, b) for a in readings_of(one) for b in readings_of(other)),
        key=_strength,
    )


def _strength(evidence: Evidence) -> float:
    return PAIR.log_odds(evidence)


def _compare_readings(one: Name, other: Name) -> Evidence:
    vowelless = one.vowelless != other.vowelless
    left, right = one.tokens, other.tokens
    if not left or not right:
        return _NOTHING_SHARED
    if not vowelless:
        left, right = _joined(left, right), _joined(right, left)
    left, right = _significant(left), _significant(right)
    matched, extra_left, extra_right = _align(left, right)

    edits = [d for d, _, _ in matched]
    worst, total = max(edits), sum(edits)
    extra = [_extra(left[i], right) for i in extra_left]
    extra += [_extra(right[j], left) for j in extra_right]
    letters = max(sum(len(t.text) for t in left), sum(len(t.text) for t in right))
    spare = sum(len(left[i].text) for i in extra_left) + sum(
        len(right[j].text) for j in extra_right
    )
    spelling = (total + spare) / letters
    as_one = False
    if by_words := total + _WHOLE_EDITS_PER_WORD * len(extra):
        whole, length = _whole_distance(one, other, vowelless=vowelless)
        if whole <= _WHOLE_EDITS_MAX and whole < by_words:
            # Written together or apart (JSCARGUMENT, Ramimakhlouf): the whole text explains better.
            worst, total, extra, as_one = min(whole, worst), min(whole, total), [], True
            spelling = min(whole / length, spelling)
    organisation = one.organisation or other.organisation
    pairs = [(left[i], right[j], d) for d, i, j in matched]
    # Edits are not counted beyond _EDITS_MAX, so that a long word would look half like any other.
    common = [pair for pair in pairs if as_one or pair[2] < _EDITS_MAX]
    return Evidence(
        edit_first=min(max(worst - 0.6, 0.0), 1.0),
        edit_second=min(max(worst - 1.2, 0.0), 1.0),
        edit_third=min(max(worst - 2.1, 0.0), 1.0),
        edits_elsewhere=min(total - worst, 4.0),
        extra_person=0.0 if organisation else sum(extra),
        extra_organisation=sum(extra) if organisation else 0.0,
        extra_words=min(len(extra), 4.0),
        spelling=min(spelling, 1.0),
        forms_differ=float(bool(one.forms and other.forms and not one.forms & other.forms)),
        single_word=float(min(len(left), len(right)) == 1 < max(len(left), len(right))),
        short_word=float(
            organisation and any(d > 0 and max(len(a.text), len(b.text)) <= 4 for a, b, d in pairs)
        ),
        syllables=_syllables_differing(one, other),
        vowelless=float(vowelless),
        order=float(_reordered(matched)),
        number=float(
            any(left[i].kind is Kind.NUMBER for i in extra_left)
            or any(right[j].kind is Kind.NUMBER for j in extra_right)
        ),
        initials=float(
            sum((a.kind is Kind.INITIAL) is not (b.kind is Kind.INITIAL) for a, b, _ in pairs)
        ),
        shared=math.log1p(sum((a.rarity + b.rarity) / 2 * _alike(a, b, d) for a, b, d in common)),
    )


_NOTHING_SHARED: Final = Evidence(
    1.0, 1.0, 1.0, 4.0, 3.0, 3.0, 4.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
)


def _joined(tokens: tuple[Token, ...], others: tuple[Token, ...]) -> tuple[Token, ...]:
    """`tokens` with neighbours written as one where they together spell a word of `others`."""
    if len(tokens) < 2:
        return tokens
    long = [token for token in others if len(token.text) >= 4]
    at = 0
    while at < len(tokens) - 1:
        for size in (2, 3):
            run = tokens[at : at + size]
            if len(run) < size:
                break
            letters = sum(len(token.text) for token in run)
            for goal in long:
                if (
                    abs(len(goal.text) - letters) <= 2
                    and (goal.text[:2] == run[0].text[:2] or goal.text[-2:] == run[-1].text[-2:])
                    and not any(token.text == goal.text for token in run)
                ):
                    word = token_of("".join([token.text for token in run]), run[0].vowelless)
                    gain = min(distance_between(token, goal) for token in run) - distance_between(
                        word, goal
                    )
                    if gain > 0.5 and distance_between(word, goal) <= 0.2 * letters:
                        tokens = (*tokens[:at], word, *tokens[at + size :])
                        break
        at += 1
    return tokens


def _significant(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    return tuple([t for t in tokens if t.kind in _SIGNIFICANT]) or tokens


@lru_cache(maxsize=1 << 18)
def distance_between(one: Token, other: Token) -> float:
    """Edits between two words that stand for each other, 0 to 6; spelling variants cost less."""
    if one.vowelless is not other.vowelless:
        return _distance_of_bones(one.bones, other.bones)
    a, b = one.text, other.text
    if a == b:
        return 0.0
    if one.kind is Kind.INITIAL or other.kind is Kind.INITIAL:
        return 0.4 if a[0] == b[0] else 3.0
    if one.kind is Kind.NUMBER or other.kind is Kind.NUMBER:
        return min(OSA.distance(a, b), _EDITS_MAX) if one.kind is other.kind else 4.0
    if b in words.NICKNAMES.get(a, ()):
        return 0.8
    edits = float(OSA.distance(a, b))
    heard = OSA.distance(one.sound, other.sound) + 0.5
    if heard < edits:
        edits = heard + 0.1 * (edits - heard)
    if edits > 1.0 and len(one.bones) >= 3 and one.bones == other.bones:
        edits = 1.0 + 0.1 * edits
    return min(edits, _EDITS_MAX)


def _distance_of_bones(one: str, other: str) -> float:
    if not one or not other:
        return 0.0 if one == other else 2.0
    return min(float(OSA.distance(one, other)), _EDITS_MAX)


def _alike(one: Token, other: Token, edits: float) -> float:
    return max(0.0, 1.0 - edits / max(len(one.text), len(other.text)))


def _align(
    left: tuple[Token, ...], right: tuple[Token, ...]
) -> tuple[list[tuple[float, int, int]], list[int], list[int]]:
    """Greedy one-to-one alignment: (edits, left, right) of every pair, then what is left over."""
    offers = []
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            edits = distance_between(a, b)
            # Rare words choose first, and of equal words the one at the same place.
            gain = _alike(a, b, edits) * (1.0 + 0.2 * (a.rarity + b.rarity)) - 0.01 * abs(i - j)
            offers.append((-gain, edits, i, j))
    offers.sort()
    free_left, free_right = set(range(len(left))), set(range(len(right)))
    matched = []
    for _, edits, i, j in offers:
        if i in free_left and j in free_right:
            free_left.remove(i)
            free_right.remove(j)
            matched.append((edits, i, j))
            if not free_left or not free_right:
                break
    return matched, sorted(free_left), sorted(free_right)


def _extra(token: Token, others: tuple[Token, ...]) -> float:
    repeated = any(distance_between(token, other) <= 0.5 for other in others)
    return token.rarity * (_EXTRA_REPEATED if repeated else 1.0)


def _whole_distance(one: Name, other: Name, *, vowelless: bool) -> tuple[float, int]:
    """Edits between the names written without spaces, and the longer one's length."""
    if vowelless:
        a = "".join([token.bones for token in one.tokens])
        b = "".join([token.bones for token in other.tokens])
        return float(OSA.distance(a, b)), max(len(a), len(b), 1)
    a, b = one.compact, other.compact
    length = max(len(a), len(b), 1)
    edits = float(OSA.distance(a, b))
    if edits and bool(one.form_words) != bool(other.form_words):
        form = "".join(one.form_words or other.form_words)
        bare, full = (a, b) if other.form_words else (b, a)
        edits = min(
            edits, OSA.distance(bare, full + form), OSA.distance(bare, form + full)
        )  # JSCARGUMENT
    if edits > 0.5:
        edits = min(edits, OSA.distance(one.sounds, other.sounds) + 0.5)
    return edits, length


def _syllables_differing(one: Name, other: Name) -> float:
    if not one.syllables or not other.syllables:
        return 0.0
    return min(float(OSA.distance(one.syllables, other.syllables)), 3.0)


def _reordered(matched: list[tuple[float, int, int]]) -> bool:
    right = [j for _, _, j in sorted(matched, key=lambda pair: pair[1])]
    return any(a > b for a, b in pairwise(right))


class Weights(NamedTuple):
    """Log-odds: `bias` when all evidence is zero, then so much for each unit of it."""

    bias: float
    per: Evidence

    def log_odds(self, evidence: Evidence) -> float:
        """The sum, exact to the last bit on every machine (no BLAS)."""
        return math.fsum((self.bias, *map(operator.mul, self.per, evidence)))


# Are two names one name? Fitted on the 826 labelled hard pairs.
PAIR: Final = Weights(
    bias=3.232,
    per=Evidence(
        edit_first=-1.210,
        edit_second=-1.941,
        edit_third=-3.540,
        edits_elsewhere=-0.500,
        extra_person=-0.636,
        extra_organisation=-1.939,
        extra_words=-0.206,
        spelling=0.0,
        forms_differ=-4.000,
        single_word=-1.394,
        short_word=-1.267,
        syllables=-4.000,
        vowelless=0.0,
        order=-1.464,
        number=-1.319,
        initials=0.0,
        shared=0.125,
    ),
)

# Is the best of tens of thousands listed names the one that was asked for? Fitted on misspelled,
# shortened and transliterated listed names against names of people who are not listed: there a
# rare word in common says much and a common one little.
LISTED: Final = Weights(
    bias=-2.372,
    per=Evidence(
        edit_first=-1.706,
        edit_second=-0.101,
        edit_third=-0.374,
        edits_elsewhere=-0.812,
        extra_person=-0.494,
        extra_organisation=-0.303,
        extra_words=0.0,
        spelling=-3.201,
        forms_differ=-2.000,
        single_word=-1.261,
        short_word=-0.243,
        syllables=-3.000,
        vowelless=-2.986,
        order=-1.096,
        number=-0.749,
        initials=-0.936,
        shared=5.859,
    ),
)
# A weak alias of one word ("Doctor") is what many people are called.
LISTED_WEAK_WORD: Final = -1.465


def pair_probability(one: Name, other: Name) -> float:
    """The probability that two names are one name, 0..1.

    >>> from clearway.screening.names import parse_name
    >>> pair_probability(parse_name("Usama bin Ladin"), parse_name("Osama bin Laden")) > 0.9
    True
    """
    return probability(PAIR.log_odds(compare(one, other)))


def probability(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds)) if log_odds > -700.0 else 0.0
