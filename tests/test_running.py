"""What a test knows of a process that it runs."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.running import Running

TEXT = "Yamada^Tarou=山田^太郎"


class OutputTests(SynchronousTestCase):
    def test_a_character_that_the_pipe_cuts_is_whole(self) -> None:
        said = TEXT.encode()
        for cut in range(len(said)):
            running = Running()
            running.childDataReceived(1, said[:cut])
            running.childDataReceived(2, b"beside it")
            running.childDataReceived(1, said[cut:])
            self.assertEqual(TEXT, running.output.replace("beside it", ""), cut)

    def test_what_is_awaited_several_times_is_the_last_of_them(self) -> None:
        running = Running()
        third = running.when_says(r"port (\d)\n", times=3)
        running.childDataReceived(1, b"port 1\nport 2\nport")
        self.assertNoResult(third)
        running.childDataReceived(1, b" 3\n")
        self.assertEqual("3", self.successResultOf(third)[1])

    def test_what_is_no_text_is_replaced_and_harms_nothing_after_it(self) -> None:
        running = Running()
        running.childDataReceived(1, b"\xff")
        running.childDataReceived(1, b"after")
        self.assertEqual("\ufffdafter", running.output)
