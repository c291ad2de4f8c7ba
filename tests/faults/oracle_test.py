"""The oracle of the fault suite finds what is lost and what is counted twice."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from oracle import Ledger, lines  # noqa: E402


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger("a")
        self.ledger.acknowledge(self.ledger.send(3))  # 0, 1, 2
        self.ledger.send(2)                           # 3, 4

    def difference(self, folded, needed=None):
        needed = self.ledger.needed() if needed is None else needed
        return self.ledger.compare(folded, needed)[1]

    def test_an_answer_that_is_right(self):
        for sent in ([], [3], [3, 4]):
            shown, difference = self.ledger.compare(lines("a", [0, 1, 2, *sent]),
                                                    self.ledger.needed())
            self.assertFalse(difference, difference)
            self.assertEqual(set(shown), {0, 1, 2, *sent})
        self.assertEqual(self.ledger.acknowledged(), 3)

    def test_lost(self):
        difference = self.difference(lines("a", [0, 2, 3]))
        self.assertTrue(difference)
        self.assertEqual((difference.lost, difference.doubled, difference.foreign), ([1], [], []))
        self.assertEqual(self.difference(b"").lost, [0, 1, 2])

    def test_doubled(self):
        folded = lines("a", [0, 1, 2, 4])
        for wrong in (folded.replace(b"n1 1", b"n1 2"), folded.replace(b"n1 1", b"n1 0"),
                      folded + lines("a", [1])):
            difference = self.difference(wrong)
            self.assertEqual((difference.lost, difference.doubled), ([], [1]))
        # Also what was not acknowledged.
        self.assertEqual(self.difference(folded.replace(b"n4 1", b"n4 2")).doubled, [4])

    def test_foreign(self):
        folded = lines("a", [0, 1, 2])
        for line in (lines("a", [5]), lines("b", [0]), b"n1 1\n", b"other 1\n", b"\xff 1\n",
                     b"1\n"):
            difference = self.difference(folded + line)
            self.assertEqual(difference.foreign, [line.rstrip(b"\n")])
            self.assertEqual(difference.lost, [])

    def test_only_what_was_acknowledged_before_is_needed(self):
        needed = self.ledger.needed()
        self.ledger.acknowledge([3])
        self.assertFalse(self.difference(lines("a", [0, 1, 2]), needed))
        self.assertEqual(self.difference(lines("a", [0, 1, 2])).lost, [3])

    def test_what_was_shown_stays(self):
        self.ledger.show([4])
        self.assertEqual(self.difference(lines("a", [0, 1, 2])).lost, [4])
        self.ledger.acknowledge([4])
        self.assertEqual(self.difference(lines("a", [0, 1, 2])).lost, [4])

    def test_what_redis_acknowledged_is_needed_when_it_was_shown_or_drained(self):
        ledger = Ledger("r", through_redis=True)
        ledger.acknowledge(ledger.send(3))
        self.assertEqual(ledger.needed(), [])
        ledger.show([1])
        self.assertEqual(ledger.needed(), [1])
        self.assertEqual(ledger.needed(drained=True), [0, 1, 2])


if __name__ == "__main__":
    unittest.main(verbosity=2)
