"""Every state of a product × every action, and the codes of products."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distro_api.core.codes import ALPHABET
from distro_api.core.errors import StateConflict
from distro_api.products.service.codes import is_code, new_code
from distro_api.products.states import TRANSITIONS, Action, ProductStatus, after

LIFE = {
    ProductStatus.DRAFT: {"submit": "pending_review", "revise": "draft"},
    ProductStatus.PENDING_REVIEW: {
        "approve": "on_sale",
        "approve_off_sale": "off_sale",
        "reject": "rejected",
        "revise": "pending_review",
    },
    ProductStatus.ON_SALE: {"unpublish": "off_sale", "revise": "pending_review"},
    ProductStatus.OFF_SALE: {"publish": "on_sale", "revise": "pending_review"},
    ProductStatus.REJECTED: {"submit": "pending_review", "revise": "rejected"},
}


@pytest.mark.capability("P2", "P3")
@pytest.mark.parametrize("status", ProductStatus)
@pytest.mark.parametrize("action", Action)
def test_every_action_in_every_state(status: ProductStatus, action: Action) -> None:
    expected = LIFE[status].get(action.value)
    if expected is None:
        with pytest.raises(StateConflict):
            after(status, action)
    else:
        assert after(status, action) == expected == TRANSITIONS[status, action]


@pytest.mark.capability("P1")
@given(st.data())
def test_a_wrong_or_swapped_character_of_a_code_shows(data: st.DataObject) -> None:
    code = new_code()
    assert is_code(code)
    place = data.draw(st.integers(1, len(code) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(code[place], "")))
    assert not is_code(code[:place] + other + code[place + 1 :])
    place = data.draw(st.integers(1, len(code) - 3))
    if code[place] != code[place + 1]:
        assert not is_code(code[:place] + code[place + 1] + code[place] + code[place + 2 :])
