"""The SVGs that query/svg_writer.cc draws: well-formed for an XML parser, and alive in a browser.

The files stand in tests/svg; query_test proves that they are what the writer writes.
"""

import os
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from chromium import Page  # noqa: E402

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "svg")
SVG = "{http://www.w3.org/2000/svg}"


def titles(name):
    graph = xml.parse(os.path.join(FOLDER, name)).getroot().find(f"{SVG}g[@id='graph']")
    return [box.find(f"{SVG}title").text for box in graph]


class Files(unittest.TestCase):
    def test_titles(self):
        self.assertEqual(titles("plain.svg")[:3], [
            "all (1,000 samples, 100%)",
            "/srv/mediawiki/w/index.php (800 samples, 80.00%)",
            "MediaWiki::run (790 samples, 79.00%)",
        ])
        self.assertIn("Parser::parse (500 samples, 50.00%)\nincludes/parser/Parser.php",
                      titles("plain.svg"))

    def test_titles_of_a_diff(self):
        found = titles("diff.svg")
        self.assertEqual(found[0], "all (720 samples, 100%)")
        self.assertTrue(found[1].startswith("index.php (720 samples, 100.00%)\n"
                                            "baseline 100.00%: +0.00 points, within noise"), found[1])
        parse = next(title for title in found if title.startswith("Parser::parse"))
        self.assertRegex(parse, r"^Parser::parse \(\d+ samples, [\d.]+%\)\n"
                                r"baseline [\d.]+%: \+[\d.]+ points, beyond noise \(p [\d.e-]+\)\n"
                                r"includes/parser/Parser.php$")
        self.assertNotIn("old", " ".join(found))
        self.assertIn("old (100 samples", " ".join(titles("diff_baseline.svg")))

    def test_hostile_names_are_text(self):
        found = titles("hostile.svg")
        self.assertIn("]]><script>window.hacked = 1</script>", " ".join(found))
        self.assertIn("&lt;&#60;&bogus;", " ".join(found))
        self.assertEqual(len(found), 1 + 14 + 256)
        root = xml.parse(os.path.join(FOLDER, "hostile.svg")).getroot()
        self.assertEqual(len(list(root.iter(f"{SVG}script"))), 1)

    def test_nothing_is_loaded_from_elsewhere(self):
        for name in os.listdir(FOLDER):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                text = file.read()
            for word in ("href", "@import", "url(", "src="):
                self.assertNotIn(word, text, name)


class Browser(unittest.TestCase):
    """Each test opens plain.svg anew; boxes are found by their names, the first of several counts."""

    @classmethod
    def setUpClass(cls):
        cls.page = Page("about:blank", 1000, 600)

    @classmethod
    def tearDownClass(cls):
        cls.page.__exit__()

    def setUp(self):
        self.open("plain.svg")

    def tearDown(self):
        self.assertEqual(self.page.errors, [])

    def open(self, name):
        self.page.resize(1000, 600)
        self.page.open(f"file://{FOLDER}/{name}")

    def box(self, name):
        """Left, top, width and height on the screen; None where the box is not shown."""
        return self.page.run(f"""(() => {{
            const box = [...document.querySelectorAll('#graph > g')].find((g) =>
                g.firstChild.textContent.startsWith({name + ' ('!r}));
            if (box.getAttribute('display') === 'none') return null;
            const {{x, y, width, height}} = box.querySelector('path').getBoundingClientRect();
            return [x, y, width, height];
        }})()""")

    def click(self, name):
        x, y, width, height = self.box(name)
        self.page.click(x + width / 2, y + height / 2)

    def text(self, element):
        return self.page.run(f"document.querySelector('#{element}').textContent")

    def focused(self):
        return self.page.run("document.activeElement?.getAttribute('aria-label')")

    def type(self, text):
        self.page.insert(text)

    def test_takes_the_width_of_the_window(self):
        self.assertAlmostEqual(self.box("all")[2], 980, delta=1)
        self.page.resize(700, 600)
        self.assertAlmostEqual(self.box("all")[2], 680, delta=1)
        self.assertAlmostEqual(self.box("MediaWiki::run")[2], 680 * 0.79, delta=1)

    def test_zoom(self):
        self.assertTrue(self.page.run("document.querySelector('#reset').disabled"))
        self.click("Parser::parse")
        left, _, width, _ = self.box("Parser::parse")
        self.assertAlmostEqual(left, 10, delta=1)
        self.assertAlmostEqual(width, 980, delta=1)
        self.assertAlmostEqual(self.box("MediaWiki::run")[2], 980, delta=1)  # an ancestor
        self.assertAlmostEqual(self.box("Parser::internalParse")[2], 980 * 0.8, delta=1)
        self.assertIsNone(self.box("onlyOnce"))
        x, y, width, height = self.box("Parser::internalParse")
        self.page.mouse("mouseMoved", x + width / 2, y + height / 2)
        self.assertIn("80.00% of what is zoomed", self.text("details"))
        self.page.run("document.querySelector('#reset').click()")
        self.assertAlmostEqual(self.box("Parser::parse")[2], 490, delta=1)
        self.click("Parser::parse")
        self.click("all")
        self.assertAlmostEqual(self.box("Parser::parse")[2], 490, delta=1)

    def test_details(self):
        x, y, width, height = self.box("Parser::parse")
        self.page.mouse("mouseMoved", x + width / 2, y + height / 2)
        self.assertEqual(self.text("details"),
                         "Parser::parse (500 samples, 50.00%) \u00b7 10.00% in itself \u00b7 "
                         "includes/parser/Parser.php")
        self.page.mouse("mouseMoved", 500, 90)
        self.assertIn("/: search", self.text("details"))

    def test_details_of_a_diff(self):
        self.open("diff.svg")
        x, y, width, height = self.box("Parser::parse")
        self.page.mouse("mouseMoved", x + width / 2, y + height / 2)
        self.assertRegex(self.text("details"), r"\u00b7 baseline [\d.]+%: \+[\d.]+ points")

    def test_search_counts_nested_matches_once(self):
        self.page.key("/")
        self.assertEqual(self.page.run("document.activeElement.id"), "search")
        self.type("query")  # Database::query, and executeQuery on it, in two places
        self.assertEqual(self.text("result"), "44.90% matched")
        hits = self.page.run("document.querySelectorAll('.hit').length")
        self.assertEqual(hits, 4)
        self.page.key("Enter")
        self.assertIn("Database::query, 250 samples", self.focused())
        self.page.key("Escape")
        self.assertEqual(self.text("result"), "")
        self.assertEqual(self.page.run("document.querySelectorAll('.hit').length"), 0)

    def test_search_of_what_is_zoomed(self):
        self.click("MediaWiki::run")
        self.page.key("/")
        self.type("Database")
        self.assertEqual(self.text("result"), f"{100 * 250 / 790:.2f}% matched")

    def test_search_is_a_regular_expression(self):
        self.page.key("/")
        self.type("^parser::(parse|x)$")
        self.assertEqual(self.text("result"), "50.00% matched")
        self.page.key("Escape")
        self.page.key("/")
        self.type("(")
        self.assertEqual(self.text("result"), "not a regular expression")
        self.page.key("Escape")
        self.page.key("/")
        self.type("PARSER")  # capitals: case matters
        self.assertEqual(self.text("result"), "0.00% matched")

    def test_keyboard(self):
        for _ in range(4):
            self.page.key("Tab")
            if (self.focused() or "").startswith("all,"):
                break
        self.assertEqual(self.focused(), "all, 1,000 samples, 100%")
        self.page.key("ArrowUp")
        self.assertEqual(self.focused(), "/srv/mediawiki/w/index.php, 800 samples, 80.00%")
        self.page.key("ArrowRight")
        self.assertIn("api.php", self.focused())
        self.page.key("ArrowRight")  # nothing is there
        self.assertIn("api.php", self.focused())
        self.page.key("ArrowLeft")
        self.page.key("ArrowUp")
        self.page.key("Enter")
        self.assertAlmostEqual(self.box("MediaWiki::run")[2], 980, delta=1)
        self.assertIn("MediaWiki::run (790", self.text("details"))
        self.page.key("ArrowDown")
        self.assertIn("index.php", self.focused())
        self.page.key("Escape")
        self.assertAlmostEqual(self.box("MediaWiki::run")[2], 980 * 0.79, delta=1)
        self.page.key("Home")
        self.assertIn("all,", self.focused())

    def test_names_fit_their_boxes(self):
        for name in ("plain.svg", "inverted.svg", "hostile.svg", "diff.svg"):
            self.open(name)
            too_wide = self.page.run("""[...document.querySelectorAll('#graph > g')].filter((g) => {
                const text = g.querySelector('text');
                return text && text.textContent && g.getAttribute('display') !== 'none' &&
                    text.getComputedTextLength() > g.querySelector('path').getBBox().width;
            }).map((g) => g.textContent)""")
            self.assertEqual(too_wide, [], name)

    def test_inverted_hangs_from_its_root(self):
        self.open("inverted.svg")
        self.assertLess(self.box("all")[1], self.box("Parser::internalParse")[1])
        self.page.run("document.querySelector('#graph > g').focus()")
        self.page.key("ArrowDown")
        self.assertIn("Parser::internalParse", self.focused())
        self.page.key("ArrowUp")
        self.assertIn("all,", self.focused())

    def test_hostile_names_run_nothing(self):
        self.open("hostile.svg")
        self.assertEqual(self.page.run("typeof window.hacked"), "undefined")
        self.click("&lt;&#60;&bogus;")
        self.assertIn("&lt;&#60;&bogus; (1,000 samples", self.text("details"))

    def test_the_head_stays_in_sight(self):
        self.page.resize(1000, 120)
        self.page.open(f"file://{FOLDER}/plain.svg")
        scrolled = self.page.run("new Promise((done) => setTimeout(() => done(scrollY), 100))")
        self.assertGreater(scrolled, 50)  # a plain graph is entered at its root
        top = self.page.run("document.querySelector('#back').getBoundingClientRect().y")
        self.assertAlmostEqual(top, 0, delta=1)


if __name__ == "__main__":
    unittest.main()
