// The report: every result, links, badges, pictures.
#include <set>  // std::set

#include "basin/io/png.hpp"
#include "examples/trial.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/html.hpp"
#include "support/paper_places.hpp"
#include "support/report.hpp"

using namespace basin::examples;

TEST_CASE("the report shows every result and survives what is broken or hostile", "[examples]") {
  TempDir dir;
  const auto put = [&](const std::string& name, const std::string& content) {
    write_file(dir / name, bytes_of(content));
  };
  Result good = sample_result();
  good.claims[0].statement = "<script>alert('x')</script> & \"more\"";
  good.figures = {
      {"ok.png", "a \"caption\" <b>"}, {"missing.png", ""}, {"../secret.png", ""}, {"text.png", ""}};
  basin::write_png(dir / "ok.png", basin::Picture(3, 2, {1, 2, 3}));
  put("text.png", "no picture");
  put("figure_10.json", to_json(good));
  good.title = "The second figure";
  good.claims.pop_back();
  good.figures.clear();
  put("figure_2.json", to_json(good));
  good.interrupted = true;
  good.title = "The cut one";
  put("theorem_1.json", to_json(good));
  good.interrupted = false;
  good.error = "<i>diverged</i>";
  put("theorem_2.json", to_json(good));
  put("broken.json", "{\"name\": \"<b>broken</b>");
  put("empty.json", "");
  put("wrong.json", R"({"name": "wrong", "claims": [{"id": "<u>", "holds": 1}]})");
  std::filesystem::create_directory(dir / "folder.json");

  const auto page_file = write_report(dir.path(), {"theorem_1", "figure_2"});
  CHECK(page_file == dir / "report.html");
  const std::string page = file_text(page_file);
  // The page's own script is the only one.
  CHECK(page.find("<script") == page.rfind("<script"));
  CHECK(contains(page, "<script>\n" + std::string(page_script())));
  CHECK(contains(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"));
  for (const char* tag : {"<b>", "<u>", "<i>"}) CHECK_FALSE(contains(page, tag));
  CHECK(contains(page, "A title with &quot;quotes&quot; &amp; &lt;tags&gt;"));
  CHECK(contains(page, "<span class=\"whole\">57</span> of <span class=\"whole\">100</span>"));
  CHECK(contains(page, "at least <span class=\"whole\">55</span>"));
  CHECK(contains(page, "<span class=\"badge bad\">1 of 2 outside</span>"));
  CHECK(contains(page, "does not hold"));
  CHECK(contains(page, "examples/reproduce --only figure_0"));
  CHECK(contains(page,
                 "alt=\"a &quot;caption&quot; &lt;b&gt;\" width=\"3\" height=\"2\" "
                 "src=\"data:image/png;base64,iVBORw0KGgo"));
  CHECK(contains(page, "missing.png: there is no such file"));
  CHECK(contains(page, "../secret.png: not shown"));
  CHECK(contains(page, "text.png: not shown, it is no PNG file"));
  CHECK(contains(page, "It was interrupted"));
  CHECK(contains(page, "&lt;i&gt;diverged"));
  for (const char* file : {"broken.json", "empty.json", "wrong.json", "folder.json"}) {
    INFO(file);
    CHECK(contains(page, std::string(">") + file + " <span class=\"badge bad\">unreadable"));
  }
  CHECK(contains(page, "seeds 7 to 9"));

  std::vector<std::string> files;
  for (const ReportEntry& e : read_results(dir.path(), {"theorem_1", "figure_2"})) files.push_back(e.file);
  CHECK(files == std::vector<std::string>{"theorem_1.json", "figure_2.json", "broken.json", "empty.json",
                                          "figure_10.json", "folder.json", "theorem_2.json", "wrong.json"});
  CHECK(read_results(dir.path(), {})[2].file == "figure_2.json");  // 2 before 10

  TempDir empty;
  CHECK(contains(error_of([&] { write_report(empty.path(), {}); }), "holds no NAME.json"));
  CHECK(contains(error_of([&] { write_report(empty / "none", {}); }), "is no folder"));
  CHECK(empty.count() == 0);
}

TEST_CASE("no item of the report is green over a row that is not", "[examples]") {
  TempDir dir;
  Result r = sample_result();
  r.figures.clear();
  const auto item = [&](std::vector<Claim> claims) {
    r.claims = std::move(claims);
    const std::string page = report_html({{"figure_2.json", r, ""}}, dir.path());
    const std::size_t at = page.find("<h2>", page.find("<section id=\"item0\""));
    return page.substr(at, page.find("</h2>", at) - at);
  };
  const Claim holds = median_claim("a", "", "1", {1}, {1, 1}),
              outside = median_claim("b", "", "1", {2}, {1, 1});
  const Claim fails = contested_claim("c", "", "1", {2}, {1, 1}, {2, 2});
  const Claim measured = guard_claim("d", "", no_paper, {2}, {1, 3});
  CHECK(contains(item({holds}), "badge good\">all hold<"));
  CHECK(contains(item({holds, measured}), "badge good\">all judged hold<"));
  CHECK(contains(item({measured}), "badge\">measured<"));
  CHECK(contains(item({holds, fails}), "badge fair\">1 does not hold<"));
  CHECK(contains(item({holds, outside, fails}), "badge bad\">1 of 3 outside<"));
}

TEST_CASE("the summary says what holds, what does not, what surprised, and what was not run", "[examples]") {
  TempDir dir;
  Result r = sample_result();
  r.name = "figure_2";
  r.figures.clear();
  const auto page = [&](std::vector<Claim> claims, const std::vector<std::string>& missing = {}) {
    r.claims = std::move(claims);
    return report_html({{"figure_2.json", r, ""}}, dir.path(), missing);
  };
  // From one heading of the summary to the next.
  const auto part = [](const std::string& all, const std::string& id) {
    const std::size_t at = all.find("<h3 id=\"" + id + "\"");
    return at == std::string::npos ? "" : all.substr(at, all.find("<h3", at + 1) - at);
  };
  const Claim holds = median_claim("a", "it holds", "1", {1}, {1, 1}),
              outside = median_claim("b", "it is outside", "1", {2}, {1, 1});
  const Claim fails = contested_claim("c", "it fails", "1", {2}, {1, 1}, {2, 2});
  const std::string all = page({holds, outside, fails}, {"figure_8", "table_2"});
  CHECK(contains(part(all, "holds"), "1 statement, 1 of the paper"));
  CHECK(contains(part(all, "holds"), "it holds"));
  CHECK(contains(part(all, "fails"), "it fails"));
  CHECK(contains(part(all, "fails"), "it is outside"));  // it does not hold either
  CHECK(contains(part(all, "surprised"), "<a href=\"#item0-claim1\">Figure 2, b</a>"));
  CHECK_FALSE(contains(part(all, "surprised"), "it fails"));  // where it was promised: known
  CHECK(contains(all, "<tr id=\"item0-claim1\">"));
  CHECK(contains(all, "<code>examples/reproduce --only figure_8,table_2</code>"));
  const std::string good = page({holds});
  CHECK(contains(part(good, "surprised"), "Nothing: every program ran to its end"));
  CHECK(contains(part(good, "fails"), "No statement of the paper"));
  CHECK(part(good, "missing").empty());
  r.error = "it <broke>";
  CHECK(contains(part(page({holds}), "surprised"), "failed<div class=\"found\">it &lt;broke&gt;"));
}

TEST_CASE("an item of the report links its page, its program and its place in the paper", "[examples]") {
  TempDir dir;
  Result r = sample_result();
  r.name = "figure_2";
  const std::string page = report_html({{"figure_2.json", r, ""}}, dir.path());
  for (const char* part : {"docs/paper/figure_2.md</a>", "examples/paper/figure_2.cpp</a>",
                           "Section 3, Figure 2", "https://arxiv.org/pdf/1810.10333v3"}) {
    INFO(part);
    CHECK(contains(page, part));
  }
  const std::size_t at = page.find("<a href=\"", page.find("Page <a")) + 9;
  CHECK(std::filesystem::exists(dir.path() / page.substr(at, page.find('"', at) - at)));
  CHECK(contains(page, "data <a href=\"figure_2.json\">figure_2.json</a>"));
  CHECK(contains(page, "Make it again: <code>examples/reproduce --only figure_0</code>"));
  r.name = "../figure_2";
  CHECK_FALSE(contains(report_html({{"x.json", r, ""}}, dir.path()), "figure_2.md"));
  for (const auto& file : std::filesystem::directory_iterator(
           std::filesystem::path(BASIN_EXAMPLE_DATA_DIR).parent_path() / "paper")) {
    const std::string name = file.path().stem().string();
    if (file.path().extension() != ".cpp") continue;
    INFO(name);
    const bool known = !place_in_paper(name).empty();
    const std::set<std::string> beyond{"fixed_points", "continuation", "certificates", "cycles", "basins"};
    CHECK(known != (beyond.count(name) == 1));
  }
}

TEST_CASE("numbers of a page stay on one line, addresses are encoded", "[examples]") {
  CHECK(whole_numbers("at most 1.2e-09, <b>") == "at most <span class=\"whole\">1.2e-09,</span> &lt;b&gt;");
  CHECK(whole_numbers("") == "");
  CHECK(whole_numbers(std::string(30, '7')) == std::string(30, '7'));
  CHECK(percent_encoded("../a b/c%.md") == "../a%20b/c%25.md");
}

TEST_CASE("a picture of any size is embedded as base64", "[examples]") {
  // RFC 4648, section 10, behind the 24 bytes that make a PNG header.
  TempDir dir;
  const std::string header("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x02", 24);
  const std::vector<std::pair<std::string, std::string>> cases = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  Result r = sample_result();
  for (const auto& [bytes, expected] : cases) {
    write_file(dir / "figure_0.png", bytes_of(header + bytes));
    CHECK(contains(report_html({{"figure_0.json", r, ""}}, dir.path()), "AAEAAAAC" + expected + "\""));
  }
}
