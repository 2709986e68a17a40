"""No number of the catalogue goes without a test that names it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.adversarial.catalogue import CASES

TESTS = Path(__file__).parents[1]

# Category -> the numbers that the specification of the fingerprint gives, in its section 3.
SPECIFIED = {
    "A": "1 2 3 5 6 7 9 10 11 13 14 15 17 18 19 21 22 23 25 26 27 29 30 31 33",
    "B": "34 35 37 38 39 41 42 43 45 46 47 49 50 51 53 54 55 57 58 59 61 62 63 65",
    "C": "66 67 69 70 71 73 74 75 77 78 79 81 82 83 85 86 87 89",
    "D": "90 91 93 94 95 97 98 99 101 102 103 105 106 107 109 110 111",
    "E": "113 114 115 117 118 119 121 122 123 125 126 127 129 130 131",
    "F": "133 134 135 137 138 139 141 142 143 145 146 147 149 150 151",
    "G": "153 154 155 157",
    "H": "158 159 161 162 163 165 166 167 169 170 171 173 174 175",
    "I": "177 178 179 181 182 183 185 185b 186 187 189 190",
    "J": "191 191b 191c 191d 193 194 195 197 198 199",
    "K": "201 202 203 205 206 207 209 210 211",
    "L": "213 214 215 217 218 219 221",
    "M": "222 223 225 226 227",
}
NUMBERS = [category + number for category, numbers in SPECIFIED.items() for number in numbers.split()]

# The gaps: what the specification leaves to those who read it. Every number up to the last one is taken.
GAPS = [number for number in range(1, 222) if not any(int(re.sub(r"\D", "", taken)) == number for taken in NUMBERS)]

# Number -> tests that are no case of the oracle: they need more than two programs, or a store of their own.
ELSEWHERE = {
    "C79": ("fingerprint/test_environment.py::test_package_edited_in_place_differs_C79",),
    "M222": (
        "drop_in/test_trouble.py::test_flipped_byte_is_noticed_counted_and_mended",
        "core/test_blob_store.py::test_every_truncation_is_a_corrupt_blob_until_the_next_put",
        "core/test_record.py::test_every_flipped_byte_and_every_truncation_is_a_corrupt_record",
    ),
    "M223": (
        "store/test_disk.py::test_publish_manifest_by_many_processes_at_once_keeps_the_variants_of_all",
        "record/test_round_trips.py::test_variants_with_other_dependencies_are_kept_side_by_side_up_to_a_bound",
    ),
    "M225": (
        "record/test_round_trips.py::test_program_of_another_schema_is_an_error",
        "record/test_round_trips.py::test_manifest_that_cannot_be_read_is_an_error_and_is_replaced_on_publishing",
    ),
    "M226": ("adversarial/test_dependencies.py::test_no_variant_of_many_is_taken_for_another_M226",),
    "M227": (
        "core/test_blob_store.py::test_a_blob_of_the_same_digest_and_another_size_is_another_blob",
        "core/test_blob_store.py::test_every_flipped_byte_is_a_corrupt_blob_until_the_next_put",
    ),
}


def covered() -> set[str]:
    """The numbers that a case, a notebook or a test of stability has in its name."""
    named = {case.id.partition("-")[0] for case in CASES}
    for name in ("test_cells.py", "test_stability.py"):
        named.update(re.findall(r"(?:_|\")(L\d+)", (TESTS / "adversarial" / name).read_text()))
    return named


@pytest.mark.parametrize("number", NUMBERS)
def test_number_has_a_test_that_names_it(number: str) -> None:
    assert number in covered() or ELSEWHERE.get(number)


@pytest.mark.parametrize("number", GAPS)
def test_gap_of_the_numbering_is_filled(number: int) -> None:
    assert any(re.sub(r"\D", "", name) == str(number) for name in covered())


@pytest.mark.parametrize("number", ELSEWHERE)
def test_test_that_is_named_for_a_number_is_there(number: str) -> None:
    for reference in ELSEWHERE[number]:
        file, _, name = reference.partition("::")
        tree = ast.parse((TESTS / file).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, reference
