"""Modbus RTU in bytes. Vectors: examples of "MODBUS Application Protocol V1.1b3" as the frames of simplymodbus.ca."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.modbus_rtu import (
    Answers,
    Code,
    Function,
    Questions,
    Read,
    Refused,
    Registers,
    Table,
    Write,
    Written,
    encode,
)

VECTORS = {
    "03 read, section 6.3": (Read(17, Table.HOLDING, 107, 3), "11 03 00 6b 00 03 76 87"),
    "03 read of one": (Read(1, Table.HOLDING, 0, 1), "01 03 00 00 00 01 84 0a"),
    "04 read, section 6.4": (Read(17, Table.INPUT, 8, 1), "11 04 00 08 00 01 b2 98"),
    "06 write, section 6.6": (Write(17, 1, (3,)), "11 06 00 01 00 03 9a 9b"),
    "10 write, section 6.12": (Write(17, 1, (10, 258)), "11 10 00 01 00 02 04 00 0a 01 02 c6 f0"),
    "03 answer": (Registers(17, 3, (0xAE41, 0x5652, 0x4340)), "11 03 06 ae 41 56 52 43 40 49 ad"),
    "04 answer, section 6.4": (Registers(17, 4, (10,)), "11 04 02 00 0a f8 f4"),
    "06 answer, section 6.6": (Written(17, 6, 1, 3), "11 06 00 01 00 03 9a 9b"),
    "10 answer, section 6.12": (Written(17, 16, 1, 2), "11 10 00 01 00 02 12 98"),
}
QUESTIONS = [(message, raw) for message, raw in VECTORS.values() if isinstance(message, Read | Write)]
ANSWERS = [(message, raw) for message, raw in VECTORS.values() if not isinstance(message, Read | Write)]

words = st.integers(0, 0xFFFF)
values = st.lists(words, min_size=1, max_size=20).map(tuple)
units = st.integers(1, 247)
answers = st.one_of(
    st.builds(Registers, units, st.sampled_from([3, 4]), values),
    st.builds(Written, units, st.sampled_from([6, 16]), words, st.integers(1, 123)),
    st.builds(Refused, units, st.sampled_from([3, 4, 6, 16]), st.integers(1, 11)),
)
questions = st.one_of(
    st.builds(Read, units, st.sampled_from(Table), words, st.integers(1, 125)),
    st.builds(Write, units, words, values.filter(lambda it: len(it) > 1), st.just(value=True)),
    st.builds(Write, units, words, st.tuples(words), st.booleans()),
)


@pytest.mark.parametrize("name", VECTORS)
def test_published_frames_are_ours(name):
    message, raw = VECTORS[name]
    assert encode(message).hex(" ") == raw


@pytest.mark.parametrize(("message", "raw"), ANSWERS)
def test_published_answers_are_read(message, raw):
    assert Answers().feed(bytes.fromhex(raw)) == [message]


@pytest.mark.parametrize(("message", "raw"), QUESTIONS)
def test_published_questions_are_read(message, raw):
    (question,) = Questions().feed(bytes.fromhex(raw))
    assert encode(question).hex(" ") == raw
    assert type(question) is type(message)


def test_an_exception_names_the_function_that_was_refused():
    frame = encode(Refused(10, Function.WRITE_ONE, Code.VALUE))
    assert frame[:3] == bytes([10, 0x86, 3])
    assert Answers().feed(frame) == [Refused(10, Function.WRITE_ONE, Code.VALUE)]


@given(st.binary(max_size=600), st.lists(st.integers(1, 50), max_size=20), st.sampled_from([Answers, Questions]))
def test_any_bytes_never_raise_and_little_is_kept(data, cuts, kind):
    decoder = kind()
    frames = 0
    for size in [*cuts, len(data)]:
        frames += len(decoder.feed(data[:size]))
        data = data[size:]
        assert len(decoder._buffer) < 260
    assert frames == decoder.frames


@given(st.lists(answers, max_size=6), st.binary(max_size=30), st.data())
def test_the_same_frames_however_they_are_cut(messages, rubbish, data):
    stream = rubbish + b"".join(encode(message) for message in messages)
    whole, cut = Answers(), Answers()
    expected = whole.feed(stream)
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += cut.feed(stream[:size])
        stream = stream[size:]
    assert found == expected
    assert (cut.dropped_bytes, cut.crc_errors) == (whole.dropped_bytes, whole.crc_errors)


@given(st.lists(questions, min_size=1, max_size=4), st.binary(max_size=20))
def test_no_question_is_lost_behind_rubbish_only_late(messages, rubbish):
    decoder = Questions()
    stream = b"".join(encode(message) for message in messages)
    found = decoder.feed(rubbish + stream + bytes(300))
    assert [encode(question) for question in found if encode(question) in stream][-1:] == [encode(messages[-1])]


@given(questions, st.binary(max_size=300), st.data())
def test_after_noise_the_next_question_is_answered(question, noise, data):
    decoder = Answers()
    decoder.feed(noise)
    decoder.ask(question)
    if isinstance(question, Read):
        answer = Registers(question.unit, question.function, (7,) * question.count)
    else:
        number = question.values[0] if question.function == 6 else len(question.values)
        answer = Written(question.unit, question.function, question.address, number)
    assert decoder.feed(encode(answer)) == [answer]
    assert decoder.dropped_bytes <= len(noise)


def test_an_answer_of_another_unit_is_none():
    decoder = Answers()
    decoder.ask(Read(1, Table.HOLDING, 0, 1))
    assert decoder.feed(encode(Registers(2, 3, (9,)))) == []
    assert decoder.feed(encode(Registers(1, 3, (5,)))) == [Registers(1, 3, (5,))]
    assert decoder.dropped_bytes == 7


def test_an_answer_to_something_else_is_none():
    decoder = Answers()
    decoder.ask(Write(1, 17, (1,)))
    assert decoder.feed(encode(Registers(1, 3, (9, 9)))) == []
    assert decoder.feed(encode(Written(1, 6, 17, 2))) == []
    assert decoder.feed(encode(Written(1, 6, 17, 1))) == [Written(1, 6, 17, 1)]


def test_what_came_before_the_question_is_no_answer():
    decoder = Answers()
    decoder.ask(Read(1, Table.HOLDING, 0, 1))
    decoder.feed(encode(Registers(1, 3, (5,)))[:4])
    decoder.ask(Read(1, Table.HOLDING, 8, 1))
    assert decoder.feed(encode(Registers(1, 3, (5,)))[4:]) == []
    assert decoder.lost_frames == 1


def test_a_spoilt_check_sum_is_counted_once_and_the_next_frame_is_read():
    decoder = Answers()
    spoilt = bytearray(encode(Registers(1, 3, (1, 2, 3, 4))))
    spoilt[5] ^= 0x10
    assert decoder.feed(bytes(spoilt) + encode(Registers(1, 3, (5,)))) == [Registers(1, 3, (5,))]
    assert (decoder.crc_errors, decoder.dropped_bytes) == (1, len(spoilt))


@pytest.mark.parametrize("size", [1, 3, 8, 40])
def test_an_echo_is_learnt_by_reading_and_then_is_no_confirmation_of_a_write(size):
    decoder = Answers()
    write = Write(1, 17, (1,))

    def hear(data):
        return [answer for at in range(0, len(data), size) for answer in decoder.feed(data[at : at + size])]

    echo = decoder.ask(Read(1, Table.HOLDING, 0, 1))
    assert hear(echo + encode(Registers(1, 3, (5,)))) == [Registers(1, 3, (5,))]
    assert decoder.echoes
    echo = decoder.ask(write)
    assert hear(echo) == []
    assert hear(encode(Written(1, 6, 17, 1))) == [Written(1, 6, 17, 1)]
    assert decoder.dropped_bytes == 0


def test_an_answer_that_begins_like_its_question_is_not_taken_for_an_echo():
    for high in range(256):
        question = Read(1, Table.HOLDING, 0x0200 | high, 1)
        for low in range(256):
            answer = Registers(1, 3, (high << 8 | low,))
            if encode(question).startswith(encode(answer)[:-1]):
                decoder = Answers()
                decoder.ask(question)
                assert decoder.feed(encode(answer)) == [answer]


def test_a_frame_torn_apart_by_silence_is_none():
    decoder = Questions()
    raw = encode(Write(1, 17, (1,)))
    decoder.feed(raw[:5])
    decoder.pause()
    assert decoder.feed(raw[5:]) == []
    decoder.pause()
    assert decoder.feed(raw) == [Write(1, 17, (1,))]
    assert decoder.dropped_bytes == len(raw)
