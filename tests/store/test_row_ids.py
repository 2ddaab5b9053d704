"""What the ids of rows say about which row was made from which."""

from seedbed.store.row_ids import ids_upstream, is_made_from


def test_a_part_of_a_part_has_the_ids_of_all_rows_that_it_was_made_from():
    assert ids_upstream("7/1/0") == ["7", "7/1", "7/1/0"]


def test_a_row_whose_id_only_begins_alike_is_another_one():
    assert is_made_from("7/1", "7")
    assert is_made_from("7", "7")
    assert not is_made_from("70", "7")
    assert not is_made_from("7", "7/1")
