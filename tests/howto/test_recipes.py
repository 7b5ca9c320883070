"""Each recipe, as somebody would follow it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
from twisted.trial.unittest import TestCase

from tests.howto.recipe import Recipe
from tests.interop.objects import PATHS
from tests.interop.peers import dcmtk, missing


def openssl() -> Path:
    """Path of the program.

    :raises SkipTest: there is none.
    """
    program = shutil.which("openssl")
    if program is None:
        raise missing("there is no openssl on PATH")
    return Path(program)


#: Has a patient, a study and a series that the recipes show.
SMALL_CT = Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"


class RecipeTests(TestCase):
    timeout = 120

    async def test_certificates_of_your_own_ca(self) -> None:
        programs = {"openssl": openssl()}
        await Recipe(self, "certificates-of-your-own-ca", programs=programs).follow()

    async def test_pair_with_dcmtk(self) -> None:
        programs = {name: dcmtk(name) for name in ("echoscu", "storescu", "storescp")}
        recipe = Recipe(self, "pair-with-dcmtk", programs=programs, files={"image.dcm": PATHS[0]})
        await recipe.follow()

    async def test_find_out_why_nodes_do_not_talk(self) -> None:
        await Recipe(self, "find-out-why-nodes-do-not-talk").follow()

    async def test_query_and_retrieve(self) -> None:
        await Recipe(self, "query-and-retrieve", files={"image.dcm": SMALL_CT}).follow()

    async def test_look_after_an_archive(self) -> None:
        await Recipe(self, "look-after-an-archive", files={"image.dcm": SMALL_CT}).follow()

    async def test_decide_who_may(self) -> None:
        programs = {"storescu": dcmtk("storescu")}
        recipe = Recipe(self, "decide-who-may", programs=programs, files={"image.dcm": PATHS[0]})
        await recipe.follow()

    async def test_rotate_certificates(self) -> None:
        await Recipe(self, "rotate-certificates", programs={"openssl": openssl()}).follow()
