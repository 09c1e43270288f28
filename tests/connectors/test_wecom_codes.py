"""Error codes: each has a kind and a sentence in the reader's language. No database."""

from __future__ import annotations

from django.utils import translation

from siyu.connectors.wecom import codes


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_each_code_has_a_sentence_in_both_languages() -> None:
    every = {code: codes.advice(code).text for code in [*codes.ADVICE, 987654]}
    with translation.override("zh-hans"):
        assert [code for code, text in every.items() if not chinese(str(text))] == []
    with translation.override("en"):
        assert [code for code, text in every.items() if chinese(str(text))] == []


def test_an_unlisted_code_is_permanent() -> None:
    assert codes.advice(987654).kind is codes.Kind.PERMANENT


def test_only_what_certainly_did_nothing_is_retried() -> None:
    retried = {code for code, advice in codes.ADVICE.items() if advice.kind is codes.Kind.RETRY}
    assert retried == {-1, 6000, 45009, 45033, 41063, 41079}
    assert {code for code, advice in codes.ADVICE.items() if advice.kind is codes.Kind.UNKNOWN} == {41096}
