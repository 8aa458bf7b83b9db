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

TEST_CASE("every bit of a checkpoint that flips is found, and every byte that is missing", "[io]") {
  TempDir dir;
  const Checkpoint good(dir / "good.safetensors", "7 x 128, seed 3"),
      bad(dir / "bad.safetensors", "7 x 128, seed 3");
  SafeTensors<float> content;
  content.tensors = {Checkpoint::array("A", Mat<float>{{1, 2, 3}, {4, 5, 6}}),
                     Checkpoint::array("B", Mat<float>{{0, -1}})};
  content.metadata = {{"epochs", "20"}, {"loss", "0.1"}};
  good.save(content);
  const Bytes bytes = read_plain_bytes(good.file());
  SafeTensors<float> found;
  const auto loads = [&](ByteSpan changed) {
    write_file(bad.file(), changed);
    return refuses(bad.file(), [&](const auto&) { return bad.load(found); }) == 0;
  };
  CHECK(loads(bytes));
  Index unseen = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = bytes;
      flipped[at] = static_cast<unsigned char>(flipped[at] ^ (1 << bit));
      unseen += loads(flipped);
    }
  for (std::size_t size = 0; size < bytes.size(); ++size) unseen += loads(ByteSpan(bytes).first(size));
  CHECK(unseen == 0);
}

TEST_CASE("a file that no checkpoint wrote is an error and is not written over", "[io]") {
  TempDir dir;
  const Checkpoint c(dir / "a.safetensors", "setting");
  SafeTensors<double> content;
  content.tensors = {Checkpoint::array("A", Mat<double>::Zero(2, 3))};
  content.metadata = {{"setting", "setting"}};
  write_safetensors(c.file(), content);
  CHECK(contains(error_of([&] { (void)c.load(content); }), c.file().string() + ": has no remark \"format\""));
  content.metadata["format"] = "basin checkpoint 2";
  write_safetensors(c.file(), content);
  CHECK(contains(error_of([&] { (void)c.load(content); }), "is no checkpoint of this version"));
}

TEST_CASE("counts are whole numbers from 0 on", "[io]") {
  const Checkpoint c("a.safetensors", "setting");
  SafeTensors<double> content;
  const auto problem = [&](const std::string& text) {
    content.metadata["epochs"] = text;
    return error_of([&] { (void)c.count(content, "epochs"); });
  };
  for (const char* good : {"0", "17", "9007199254740992"}) CHECK(problem(good).empty());
  for (const char* bad : {"-1", "1.5", "1e300", "9007199254740994", "inf", "nan"})
    CHECK(contains(problem(bad), "expected a whole number >= 0"));
  CHECK(contains(problem("12a"), "expected a number"));
}
