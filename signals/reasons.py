"""Why there is no number, or why a number is weak: codes with words that a person can act on.

Every result of the core that can be absent carries one of these. The words are here and nowhere else, Chinese first.
"""

from enum import StrEnum


class Reason(StrEnum):
    NO_CONTACT = "no_contact"
    FLAT = "flat"
    SATURATED = "saturated"
    NOISE = "noise"
    MOVEMENT = "movement"
    WEAK = "weak"
    GAP = "gap"
    NOT_FINITE = "not_finite"
    WRONG_RATE = "wrong_rate"
    IMPLAUSIBLE = "implausible"
    TOO_SHORT = "too_short"
    TOO_FEW_BEATS = "too_few_beats"
    TOO_MANY_ARTEFACTS = "too_many_artefacts"
    TOO_LITTLE_VARIATION = "too_little_variation"
    NO_PEAK = "no_peak"
    NO_BASELINE = "no_baseline"
    PACED = "paced"
    NO_CHANNEL = "no_channel"

    @property
    def zh(self) -> str:
        return _WORDS[self][0]

    @property
    def en(self) -> str:
        return _WORDS[self][1]


_WORDS: dict[Reason, tuple[str, str]] = {
    Reason.NO_CONTACT: ("把手指或电极再放好", "Place the finger or the electrodes again"),
    Reason.FLAT: ("信号是平的，请检查传感器有没有插好", "The signal is flat: check that the sensor is plugged in"),
    Reason.SATURATED: ("传感器压得太紧或太松，请重新放一下", "The sensor sits too tight or too loose: place it again"),
    Reason.NOISE: ("干扰较大，请把手机和充电线拿远一点", "There is interference: move phones and chargers away"),
    Reason.MOVEMENT: ("手和身体再放松一点，先不要动", "Let hand and body rest, and hold still for a moment"),
    Reason.WEAK: ("信号偏弱，手指再放稳一点，手暖一暖", "The signal is weak: rest the finger, warm the hand"),
    Reason.GAP: ("信号断了一会儿，接上后会继续", "The signal broke off; it goes on when it is back"),
    Reason.NOT_FINITE: ("收到的数值不完整，请检查传感器", "Values are missing: check the sensor"),
    Reason.WRONG_RATE: ("传感器的采样率不对，请联系技术员", "The sensor's sampling rate is wrong: call the technician"),
    Reason.IMPLAUSIBLE: ("数值不合常理，请重新放好传感器", "The values are implausible: place the sensor again"),
    Reason.TOO_SHORT: ("时间还不够，请再等一会儿", "Not enough time yet: please wait a little"),
    Reason.TOO_FEW_BEATS: ("心跳数还不够，请再等一会儿", "Not enough beats yet: please wait a little"),
    Reason.TOO_MANY_ARTEFACTS: ("不稳定的心跳较多，先放松坐稳", "Too many unclear beats: sit back and rest first"),
    Reason.TOO_LITTLE_VARIATION: ("心跳起伏太小，暂不计算", "The heart rhythm varies too little to be scored"),
    Reason.NO_PEAK: ("还没有形成稳定的节律", "No steady rhythm yet"),
    Reason.NO_BASELINE: ("还没有基线，先安静坐一会儿", "No baseline yet: sit quietly first"),
    Reason.PACED: ("跟随呼吸时不与安静时比较", "Paced breathing is not compared with quiet sitting"),
    Reason.NO_CHANNEL: ("没有接这个传感器", "This sensor is not connected"),
}
