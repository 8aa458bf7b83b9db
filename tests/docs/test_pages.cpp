// Pages against the files that they speak of: code blocks, links to files and to lines of them, links back.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

const fs::path root = fs::path(BASIN_EXAMPLE_DATA_DIR).parent_path().parent_path();

Lines lines_of(const fs::path& file) {
  std::ifstream in(file);
  REQUIRE(in);
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  REQUIRE(in);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The pages in a folder, in the order of their names.
std::vector<fs::path> pages_in(const fs::path& folder) {
  std::vector<fs::path> pages;
  for (const fs::directory_entry& entry : fs::directory_iterator(root / folder))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  std::sort(pages.begin(), pages.end());
  REQUIRE(!pages.empty());
  return pages;
}

/// All pages but the list of changes, which goes by its own lines.
std::vector<fs::path> all_pages() {
  std::vector<fs::path> pages = pages_in("docs");
  for (const char* folder : {"docs/paper", "."})
    for (const fs::path& page : pages_in(folder))
      if (page.filename() != "CHANGELOG.md") pages.push_back(page);
  return pages;
}

std::string trimmed(const std::string& line) {
  const std::size_t first = line.find_first_not_of(' ');
  return first == std::string::npos ? "" : line.substr(first, line.find_last_not_of(' ') - first + 1);
}

/// Whether `block` stands in `file`, line after line, but for what both are indented by.
bool stands_in(const Lines& block, const Lines& file) {
  const auto same = [](const std::string& a, const std::string& b) { return trimmed(a) == trimmed(b); };
  return std::search(file.begin(), file.end(), block.begin(), block.end(), same) != file.end();
}

std::ptrdiff_t count(const Lines& lines, char c) {
  std::ptrdiff_t sum = 0;
  for (const std::string& line : lines) sum += std::count(line.begin(), line.end(), c);
  return sum;
}

struct Link {
  std::string text, target;
};
/// The links of a page to files of the repository; not those in blocks of code.
std::vector<Link> links_of(const fs::path& page) {
  std::string text;
  bool fenced = false;
  for (const std::string& line : lines_of(page)) {
    fenced = fenced != (trimmed(line).rfind("```", 0) == 0);
    if (!fenced && line.rfind("    ", 0) != 0) text += line + " ";
  }
  const std::regex pattern(R"(\[((?:`[^`]*`|[^\[\]`])*)\]\(([^()\s]+)\))");
  std::vector<Link> links;
  for (std::sregex_iterator m(text.begin(), text.end(), pattern), end; m != end; ++m)
    if ((*m)[2].str().find("://") == std::string::npos) links.push_back({(*m)[1], (*m)[2]});
  return links;
}
fs::path file_of(const fs::path& page, const Link& link) {
  const std::string name = link.target.substr(0, link.target.find('#'));
  return name.empty() ? page : page.parent_path() / name;
}

/// The blocks of C++ on a page, each with the file that the last link before it leads to.
struct Quoted {
  fs::path source;
  Lines block;
};
std::vector<Quoted> quoted_on(const fs::path& page) {
  std::vector<Quoted> all;
  const std::regex link(R"(\]\(([^()\s#]+)\):$)");
  fs::path source;
  bool inside = false;
  for (const std::string& line : lines_of(page)) {
    std::smatch m;
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      all.back().block.push_back(line);
    } else if (line == "```cpp") {
      inside = true;
      all.push_back({source, {}});
    } else if (std::regex_search(line, m, link)) {
      source = page.parent_path() / m[1].str();
    }
  }
  return all;
}

}  // namespace

TEST_CASE("the code on a page of the paper stands in the program that it is taken from", "[docs]") {
  for (const fs::path& page : pages_in("docs/paper")) {
    INFO(page);
    const std::vector<Quoted> quoted = quoted_on(page);
    CHECK(!quoted.empty());
    for (const Quoted& q : quoted) {
      INFO(q.block.front() << "\n... from " << q.source);
      CHECK(q.block.size() >= 5);
      CHECK(q.block.size() <= 10);
      CHECK(fs::is_regular_file(q.source));
      CHECK(stands_in(q.block, lines_of(q.source)));
      for (const char* pair : {"{}", "()"}) CHECK(count(q.block, pair[0]) == count(q.block, pair[1]));
    }
  }
}

TEST_CASE("a page of the paper begins with its verdict and shows the code", "[docs]") {
  for (const fs::path& page : pages_in("docs/paper")) {
    INFO(page);
    const Lines lines = lines_of(page);
    REQUIRE(lines.size() > 4);
    CHECK(lines[0].rfind("# ", 0) == 0);
    CHECK(lines[1].empty());
    CHECK(lines[2].rfind("**Verdict.** ", 0) == 0);
    CHECK(std::count(lines.begin(), lines.end(), "## In the code") == 1);
  }
}

TEST_CASE("links of pages lead to files, and links to a line to the words that they promise", "[docs]") {
  for (const fs::path& page : all_pages())
    for (const Link& link : links_of(page)) {
      INFO(page << ": [" << link.text << "](" << link.target << ")");
      const fs::path file = file_of(page, link);
      CHECK(fs::exists(file));
      std::smatch m;
      if (!std::regex_search(link.target, m, std::regex("#L([0-9]+)$"))) continue;
      const Lines lines = lines_of(file);
      const std::size_t number = std::stoul(m[1]);
      REQUIRE((number >= 1 && number <= lines.size()));
      std::string words = link.text;
      words.erase(std::remove(words.begin(), words.end(), '`'), words.end());
      CHECK(lines[number - 1].find(words) != std::string::npos);
    }
}

TEST_CASE("programs that a page of the paper links to name the page", "[docs]") {
  for (const fs::path& page : pages_in("docs/paper"))
    for (const Link& link : links_of(page)) {
      const std::string source = fs::weakly_canonical(file_of(page, link)).lexically_relative(root).string();
      const std::string stem = page.stem().string();
      if (!std::regex_match(source, std::regex("examples/(paper/" + stem + "|theorems/.*|figures/.*)\\.cpp")))
        continue;
      INFO(page << " links to " << source);
      CHECK(text_of(root / source).find("docs/paper/" + stem + ".md") != std::string::npos);
    }
}

TEST_CASE("headers of the paper's mathematics name pages that link to them", "[docs]") {
  const std::regex pattern("docs/paper/(\\w+)\\.md");
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "include/basin/theory")) {
    INFO(entry.path());
    const std::string text = text_of(entry.path());
    CHECK(std::regex_search(text, pattern));
    for (std::sregex_iterator m(text.begin(), text.end(), pattern), end; m != end; ++m) {
      INFO(m->str());
      const fs::path page = root / m->str();
      const std::vector<Link> links = links_of(page);
      CHECK(std::any_of(links.begin(), links.end(), [&](const Link& link) {
        return fs::weakly_canonical(file_of(page, link)) == fs::weakly_canonical(entry.path());
      }));
    }
  }
}

TEST_CASE("two clicks lead from README to the line of an equation, a limit, a line of an algorithm",
          "[docs]") {
  const std::vector<std::string> wanted{"return 0.5 * detail::squared_distance<S>(y, target);",  // (1)
                                        "double one_example_limit(double norm)",                 // Theorem 3
                                        "// line 20: "};  // Algorithm 1
  for (const std::string& words : wanted) {
    INFO(words);
    bool found = false;
    for (const Link& first : links_of(root / "README.md")) {
      const fs::path page = file_of(root / "README.md", first);
      if (page.extension() != ".md") continue;
      for (const Link& second : links_of(page)) {
        std::smatch m;
        if (!std::regex_search(second.target, m, std::regex("\\.hpp#L([0-9]+)$"))) continue;
        const Lines lines = lines_of(file_of(page, second));
        found = found || lines.at(std::stoul(m[1]) - 1).find(words) != std::string::npos;
      }
    }
    CHECK(found);
  }
}

TEST_CASE("prose of pages is wrapped at 110 columns", "[docs]") {
  // Tables, headings, pictures, formulas of their own, and what a script writes: the command behind a table.
  const std::regex free(R"(([|#]|!\[|\$\$).*|.*`:)");
  for (const fs::path& page : all_pages()) {
    bool fenced = false;
    for (const std::string& line : lines_of(page)) {
      fenced = fenced != (trimmed(line).rfind("```", 0) == 0);
      const std::string words = trimmed(line);
      if (fenced || words.empty() || line.rfind("    ", 0) == 0 || std::regex_match(words, free)) continue;
      INFO(page << ": " << line);
      CHECK((line.size() <= 110 || words.find(' ') == std::string::npos));
    }
  }
}
