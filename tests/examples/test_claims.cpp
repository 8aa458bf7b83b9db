// Claims of the paper programs, what they promise, and their JSON.
#include <algorithm>  // std::max
#include <cmath>      // std::isnan

#include "examples/trial.hpp"
#include "support/catch.hpp"
#include "support/claims.hpp"
#include "support/error_of.hpp"

using namespace basin::examples;

TEST_CASE("numbers, summaries and bands read well", "[examples]") {
  CHECK(number(0.91234) == "0.912");
  CHECK(number(1.23456e-9) == "1.23e-09");
  CHECK(number(5041) == "5041");
  CHECK(number(5041.7) == "5042");
  CHECK(number(-2) == "-2");
  CHECK(number(not_a_number) == "not a number");
  CHECK(number(-inf) == "-infinite");
  CHECK(summary({89.5}, "%") == "89.5%");
  CHECK(summary({89.5, 85.5, 91}, "%") == "89.5% [85.5, 91] over 3 seeds");
  CHECK(summary({58, 63, 55, 60}, " of 100") == "59 of 100 [55, 63] over 4 seeds");
  CHECK(contains(summary({1, not_a_number}), "1 of 2 seeds gave no number"));
  CHECK(band_text(at_least(55), " of 100") == "at least 55 of 100");
  CHECK(band_text(at_most(1e-12)) == "at most 1e-12");
  CHECK(band_text({0.5, 2}) == "between 0.5 and 2");
  CHECK(band_text({1, 1}) == "exactly 1");
  CHECK(band_text(Band{}) == "nothing promised");
}

TEST_CASE("a band that no number can miss promises nothing", "[examples]") {
  const Claim any = median_claim("a", "", "1", {3}, Band{});
  CHECK(any.state() == ClaimState::nothing_promised);
  CHECK_FALSE(any.judged);
  CHECK(any.band == "nothing promised");
  CHECK(median_claim("a", "", "1", {3}, Band{0, 100}, "%").state() == ClaimState::nothing_promised);
  CHECK(median_claim("a", "", "1", {3}, Band{-2, 112}, " %").state() == ClaimState::nothing_promised);
  CHECK(median_claim("a", "", "1", {3}, Band{0, 100}).state() == ClaimState::kept);  // no percentage
  CHECK(median_claim("a", "", "1", {3}, Band{1, 100}, "%").state() == ClaimState::kept);
  CHECK(median_claim("a", "", "1", {0.5}, Band{1, 100}, "%").state() == ClaimState::outside);
  // The paper's sentence is judged all the same where a bound for it is named.
  const Claim contested = contested_claim("a", "", "all", {60}, at_least(75), Band{}, "%");
  CHECK(contested.state() == ClaimState::nothing_promised);
  CHECK(contested.judged);
  CHECK_FALSE(contested.holds);
  Result r = sample_result();
  r.claims = {any, contested, median_claim("nan", "", "1", {not_a_number}, Band{})};
  CHECK(r.all_in_band());
  CHECK(r.tally().kept == 0);
  CHECK(r.tally().nothing_promised == 3);
}

TEST_CASE("claims of the paper, claims of ours and regression guards are counted apart", "[examples]") {
  Result r = sample_result();  // one that holds, one that does not and lies outside
  r.claims.push_back(contested_claim("c", "", "all", {15}, at_least(75), Band{5, 45}, "%"));
  r.claims.push_back(guard_claim("d", "", no_paper, {3}, at_least(2)));
  r.claims.push_back(guard_claim("e", "", no_paper, {1}, at_least(2)));
  r.claims.push_back(median_claim("f", "", no_paper, {1}, at_least(1)));
  r.claims.push_back(guard_claim("g", "", "4", {1}, Band{}));
  const Tally t = r.tally();
  CHECK(t.paper.hold == 1);
  CHECK(t.paper.fail == 2);
  CHECK(t.paper.not_judged == 1);
  CHECK(t.ours.hold == 1);
  CHECK(t.ours.fail == 0);
  CHECK(t.ours.not_judged == 2);
  CHECK(t.kept == 4);
  CHECK(t.outside == 2);
  CHECK(t.nothing_promised == 1);
  CHECK(t.guards == 3);
  CHECK(t.all() == r.claims.size());
  CHECK(tally_text(t) ==
        "of 4 statements of the paper 1 holds, 2 do not and 1 is measured only; of 3 statements of ours 1 "
        "holds "
        "and 2 are measured only; of 6 promises 4 are kept (3 of the 6 are regression guards); of 1 number "
        "nothing is promised");
  CHECK(tally_text({}) == "no claims");
  Tally measured;
  measured.ours.not_judged = 14;
  CHECK(tally_text(measured) == "14 statements of ours are measured only");
  Tally twice = t;
  twice += t;
  CHECK(twice.all() == 2 * t.all());
  CHECK(twice.guards == 6);
  const Result back = from_json(to_json(r), "x");
  CHECK(tally_text(back.tally()) == tally_text(t));
  CHECK(back.claims[2].promise == Promise::guard);
  CHECK(contains(error_of([] {
                   from_json(R"({"name": "a", "claims": [{"id": "b", "holds": true, "promise": "x"}]})", "f");
                 }),
                 "claims[0]: promise: expected statement, regression guard or nothing, found \"x\""));
}

TEST_CASE("a claim that does not come out may still lie in the band we promise", "[examples]") {
  const Claim c = contested_claim("a", "", "all", {15, 17, 28}, at_least(75), Band{5, 45}, "%");
  CHECK_FALSE(c.holds);
  CHECK(c.in_band);
  CHECK(c.band == "between 5 and 45%");
  CHECK_FALSE(contested_claim("a", "", "all", {60}, at_least(75), Band{5, 45}).in_band);
  CHECK(contested_claim("a", "", "all", {80}, at_least(75), Band{5, 45}).holds);
  Result r = sample_result();
  r.claims = {c};
  CHECK(from_json(to_json(r), "x").claims.at(0).in_band);
  CHECK_FALSE(from_json(to_json(r), "x").claims.at(0).holds);
}

TEST_CASE("a claim holds if the median of its values lies in its band", "[examples]") {
  CHECK(median_claim("a", "", "", {54, 55, 100}, at_least(55)).holds);
  CHECK_FALSE(median_claim("a", "", "", {54, 54, 100}, at_least(55)).holds);
  CHECK_FALSE(median_claim("a", "", "", {60, not_a_number, 100}, at_least(55)).holds);
  CHECK(median_claim("a", "", "", {1e-13}, at_most(1e-12)).holds);
  CHECK_FALSE(median_claim("a", "", "", {inf}, {0, 1}).holds);
  Result r = sample_result();
  CHECK(r.tally().paper.hold == 1);
  CHECK_FALSE(r.all_in_band());
  r.claims[1].in_band = true;
  CHECK(r.all_in_band());
  CHECK(r.tally().paper.hold == 1);
  r.interrupted = true;
  CHECK_FALSE(r.all_in_band());
}

TEST_CASE("a result goes to JSON and back", "[examples]") {
  Result r = sample_result();
  r.claims[1].values = {1, not_a_number, -inf};
  r.interrupted = true;
  r.error = "it stopped";
  const Result s = from_json(to_json(r), "x.json");
  CHECK(s.name == r.name);
  CHECK(s.title == r.title);
  CHECK(s.mode == r.mode);
  CHECK(s.seconds == r.seconds);
  CHECK(s.data == r.data);
  CHECK(s.command == r.command);
  CHECK(s.date == r.date);
  CHECK(s.seeds == r.seeds);
  CHECK(s.threads == r.threads);
  CHECK(s.interrupted);
  CHECK(s.error == r.error);
  CHECK(s.notes == r.notes);
  REQUIRE(s.figures.size() == 1);
  CHECK(s.figures[0].file == "figure_0.png");
  CHECK(s.figures[0].caption == "a caption");
  REQUIRE(s.claims.size() == 2);
  CHECK(s.claims[0].id == "a");
  CHECK(s.claims[0].statement == "statement");
  CHECK(s.claims[0].paper == "all of 100");
  CHECK(s.claims[0].measured == "57 of 100 [55, 63] over 3 seeds");
  CHECK(s.claims[0].values == std::vector<double>{57, 63, 55});
  CHECK(s.claims[0].band == "at least 55 of 100");
  CHECK(s.claims[0].holds);
  CHECK(s.claims[0].note == "a note");
  CHECK_FALSE(s.claims[1].holds);
  REQUIRE(s.claims[1].values.size() == 3);  // what is not finite has no JSON of its own
  CHECK(std::isnan(s.claims[1].values[1]));
  CHECK(std::isnan(s.claims[1].values[2]));
}

TEST_CASE("the design's own example of a result is read", "[examples]") {
  const Result r = from_json(R"({"name": "table_2", "mode": "full", "seconds": 12.3, "claims": [
      {"id": "4x4-1-29", "statement": "...", "paper": "1, [<1e-3]", "measured": "1.0000, [<5e-5]",
       "values": [1.0], "band": "...", "holds": true, "note": "..."}], "figures": ["table_2.png"]})",
                             "table_2.json");
  CHECK(r.name == "table_2");
  CHECK(r.all_in_band());
  CHECK(r.figures.at(0).caption.empty());
}

TEST_CASE("JSON that is no result is refused with the place", "[examples]") {
  const auto problem = [](const std::string& json) { return error_of([&] { from_json(json, "f.json"); }); };
  CHECK(contains(problem("{\"name\": \"a\""), "f.json: offset 13: the report is not JSON"));
  CHECK(contains(problem("[]"), "f.json: expected an object, found []"));
  CHECK(contains(problem("{}"), "f.json: has no \"name\", expected text"));
  CHECK(contains(problem(R"({"name": 3})"), "f.json: name: expected text, found 3"));
  CHECK(contains(problem(R"({"name": "a", "claims": 3})"), "f.json: claims: expected a list, found 3"));
  CHECK(contains(problem(R"({"name": "a", "claims": [{"id": "b"}]})"), "claims[0]: has no \"holds\""));
  CHECK(contains(problem(R"({"name": "a", "claims": [{"id": "b", "holds": "yes"}]})"),
                 "f.json: claims[0]: holds: expected true or false, found \"yes\""));
  CHECK(contains(problem(R"({"name": "a", "claims": [{"id": "b", "holds": true, "values": [1, "x"]}]})"),
                 "values[1]: expected a number, found \"x\""));
  CHECK(contains(problem(R"({"name": "a", "figures": [7]})"), "figures[0]: expected text"));
  CHECK(contains(problem(R"({"name": "a", "threads": -1})"), "threads"));
  CHECK(contains(problem(R"({"name": "a", "seeds": [-1]})"), "seeds[0]"));
  CHECK(contains(problem(R"({"name": "a", "captions": []})"), "captions"));
}

TEST_CASE("text that is no UTF-8 does not keep a result from being written", "[examples]") {
  Result r = sample_result();
  r.notes = {"a byte \xff and a cut character \xe2\x82"};
  CHECK(contains(from_json(to_json(r), "x").notes.at(0), "a byte \xef\xbf\xbd and"));
}

TEST_CASE("the table of claims fits its width and shows all columns", "[examples]") {
  std::vector<Claim> claims = sample_result().claims;
  claims[0].measured =
      "a long text with many words that surely must be wrapped into several lines of the table";
  const std::string table = claims_table(claims, 80);
  std::size_t longest = 0, start = 0;
  for (std::size_t end; (end = table.find('\n', start)) != std::string::npos; start = end + 1)
    longest = std::max(longest, end - start);
  CHECK(longest <= 80);
  for (const char* part :
       {"claim", "paper", "measured", "band", "holds", "all of 100", "several", "NO", "yes", "a: a note"}) {
    INFO(part);
    CHECK(contains(table, part));
  }
  CHECK(claims_table({}, 80).find('\n') != std::string::npos);
}
