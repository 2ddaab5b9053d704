"""Quotas: no more is taken than a bucket holds, and the latest call sent says what is left."""

from __future__ import annotations

import pytest

from seedbed.llm.limits.quota import Bucket, LearntQuota


def test_a_bucket_holds_no_more_than_its_capacity_whatever_is_given_back():
    bucket = Bucket(rate=1.0, capacity=10.0)
    bucket.give_back(5)
    bucket.take(10)
    assert bucket.delay(0.0, 1) == pytest.approx(1.0)


def test_what_was_not_used_is_there_again():
    bucket = Bucket(rate=1.0, capacity=10.0)
    bucket.take(10)
    bucket.give_back(4)
    assert bucket.delay(0.0, 4) == 0
    assert bucket.delay(0.0, 6) == pytest.approx(2.0)


def test_an_answer_to_a_call_that_was_sent_earlier_says_nothing_new():
    quota = LearntQuota()
    quota.learn(2.0, 1.0, 1, limit=60, left=0, reset=60.0)
    quota.learn(2.0, 0.5, 0, limit=60, left=60, reset=60.0)
    assert quota.delay(2.0, 1) == pytest.approx(1.0)


def test_the_answer_to_a_call_that_was_sent_later_does():
    quota = LearntQuota()
    quota.learn(2.0, 1.0, 1, limit=60, left=0, reset=60.0)
    quota.learn(3.0, 1.5, 1, limit=60, left=10, reset=50.0)
    assert quota.delay(3.0, 1) == 0
