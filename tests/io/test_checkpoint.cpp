// Checkpoints: what is kept comes back bit for bit, and only where the same setting is asked for.
#include "basin/io/checkpoint.hpp"

#include <cmath>
#include <limits>

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEST_CASE("a checkpoint gives back the same bits, to the same setting alone", "[io]") {
  TempDir dir;
  const Checkpoint c(dir / "new" / "a.safetensors", "setting 1");
  SafeTensors<double> content;
  CHECK_FALSE(c.load(content));  // there is none yet
  const Mat<double> A{{1, 1.0 / 3, -0.0}, {std::numeric_limits<double>::denorm_min(), 4, 5e300}};
  content.tensors = {Checkpoint::array("A", A), Checkpoint::array("row", A.row(0)),
                     Checkpoint::array("none", Mat<double>(2, 0))};
  content.metadata = {
      {"third", Checkpoint::exact(1.0 / 3)}, {"many", Checkpoint::exact(1e17)}, {"why", "rain"}};
  c.save(content);

  SafeTensors<double> found;
  REQUIRE(c.load(found));
  CHECK(c.matrix(found, "A", 2, 3) == A);
  CHECK(std::signbit(c.matrix(found, "A", 2, 3)(0, 2)));
  CHECK(c.matrix(found, "row", 1, 3) == A.row(0));
  CHECK(c.matrix(found, "none", 2, 0).size() == 0);
  CHECK(c.number(found, "third") == 1.0 / 3);
  CHECK(c.number(found, "many") == 1e17);
  CHECK_FALSE(Checkpoint(c.file(), "setting 2").load(found));
  CHECK_FALSE(Checkpoint(dir / "b.safetensors", "setting 1").load(found));

  Checkpoint(c.file(), "setting 2").save(SafeTensors<double>{});  // writes over the other's
  CHECK_FALSE(c.load(found));
}

TEST_CASE("a checkpoint names the file and what it lacks", "[io]") {
  TempDir dir;
  const Checkpoint c(dir / "a.safetensors", "setting");
  SafeTensors<double> content;
  content.tensors = {Checkpoint::array("A", Mat<double>::Zero(2, 3))};
  content.metadata = {{"why", "1 of them"}};
  const auto problem = [&](const auto& look) { return error_of([&] { (void)look(); }); };
  CHECK(contains(problem([&] { return c.matrix(content, "A", 3, 2); }),
                 c.file().string() + ": has no array \"A\" of shape (2, 3)"));
  CHECK(contains(problem([&] { return c.matrix(content, "B", 2, 3); }), "has no array \"B\""));
  CHECK(contains(problem([&] { return c.number(content, "when"); }),
                 c.file().string() + ": has no remark \"when\""));
  CHECK(contains(problem([&] { return c.number(content, "why"); }),
                 "remark \"why\" is \"1 of them\", expected a number"));
  write_file(dir / "file", bytes_of("x"));
  CHECK(contains(error_of([&] { Checkpoint(dir / "file" / "a.safetensors", "").save(content); }),
                 "cannot make its folder"));
  CHECK(contains(error_of([] { Checkpoint("a.txt", ""); }), "must end in .safetensors, got a.txt"));
}
