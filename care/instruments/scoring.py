"""From answers to a score, from a score to words. Pure, so that a centre scores the same answers again.

Partial answers give no value and no band: what is missing, and nothing else. Answers that the instrument cannot have
(an unknown item, a value that no option has) are an `AnswersError`.
"""

from collections.abc import Mapping

from care.instruments.model import VOID, AnswersError, Band, Feedback, Instrument, Item, Scale, Score
from care.instruments.rules import INSTRUMENT_RULES, SCALE_RULES, Draft

PARTLY = {
    "zh": ("没有做完也没关系，想停就可以停。", "没做完的问卷不给结果，已经答的也不会拿来评判您。"),
    "en": ("It is fine to stop at any point.", "A form that is not finished gives no result, and nobody judges it."),
}
UNCLEAR = {
    "zh": ("有时候题目不好答，这很常见。", "这一次的作答不太能说明情况，休息一下再做也可以。"),
    "en": ("Some questions are hard to answer; that is common.", "This time the answers do not tell much."),
}


def applies(instrument: Instrument, item: Item, answers: Mapping[str, int]) -> bool:
    """Whether an item is asked, after these answers: a gate may be closed; how hard life is, is asked of those only
    who have marked a difficulty.
    """
    if item.kind == "function":
        return any(answers.get(other.id, 0) > 0 for other in instrument.items if other.kind == "scored")
    return item.kind == "gate" or not instrument.gate or answers.get(instrument.gate) == instrument.opens


def score(instrument: Instrument, answers: Mapping[str, int], *, sex: str = "") -> Score:
    """What answers come to.

    Args:
        instrument: the questionnaire.
        answers: item id → value; an item that is not asked (behind a closed gate) counts as its lowest value.
        sex: "male", "female" or "": some cut-offs differ; without it the more careful one holds.

    Raises:
        AnswersError: an item that is not there, or a value that none of its options has.
    """
    items = {item.id: item for item in instrument.items}
    for name, chosen in answers.items():
        item = items.get(name)
        if item is None:
            raise AnswersError(f"{instrument.key}: there is no item {name!r}")
        if chosen not in item.values:
            low, high = item.values[0], item.values[-1]
            raise AnswersError(f"{instrument.key}: {name} cannot be {chosen!r}, but {low} to {high}")
    counted = dict(answers)
    missing: list[str] = []
    for item in instrument.items:
        if item.kind == "function":
            continue
        if not applies(instrument, item, answers):
            counted[item.id] = item.values[0]
        elif item.id not in answers:
            missing.append(item.id)
    if missing:
        return Score(instrument.key, instrument.version, False, missing, {}, {}, "", [])
    draft = Draft({}, {}, [])
    for scale in instrument.scales:
        value = _value(scale, counted)
        draft.values[scale.key] = value
        if band := band_of(scale, value, sex):
            draft.bands[scale.key] = band.key
            if band.positive:
                draft.positive.append(scale.key)
    for rule in instrument.rules:
        INSTRUMENT_RULES[rule](instrument, counted, draft)
    main = draft.bands.get("total", "")
    return Score(instrument.key, instrument.version, True, [], draft.values, draft.bands, main, sorted(draft.positive))


def _value(scale: Scale, answers: Mapping[str, int]) -> float:
    if scale.form == "count":
        raw = sum(answers[term.item] >= scale.at_least for term in scale.terms)
    else:
        raw = sum(answers[it.item] if it.turned is None else it.turned - answers[it.item] for it in scale.terms)
    value = raw * scale.multiply / (len(scale.terms) if scale.form == "mean" else 1)
    return SCALE_RULES[scale.rule](value) if scale.rule else value


def band_of(scale: Scale, value: float, sex: str = "") -> Band | None:
    """The band of a value; None of a scale without bands."""
    own = [band for band in scale.bands if band.sex == sex] or [band for band in scale.bands if not band.sex]
    return next((band for band in own if value <= band.to), None)


def feedback(instrument: Instrument, score: Score, language: str) -> Feedback:
    """Words for the resident, and one step; never a number."""
    tongue = "en" if language == "en" else "zh"
    if not score.complete:
        return Feedback(*PARTLY[tongue], step="rest")
    if score.band == VOID:
        return Feedback(*UNCLEAR[tongue], step="talk")
    words = next(words for words in instrument.words if words.band == score.band)
    if tongue == "en":
        return Feedback(words.normal_en, words.meaning_en, words.step)
    return Feedback(words.normal_zh, words.meaning_zh, words.step)
