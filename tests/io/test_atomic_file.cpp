#include "basin/io/atomic_file.hpp"

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#ifdef __linux__
#include <sys/resource.h>  // setrlimit

#include <csignal>
#endif

using namespace basin;
namespace fs = std::filesystem;

TEST_CASE("A file is written whole, replaces the old one and leaves nothing beside it", "[io]") {
  const TempDir dir;
  const fs::path file = dir / "a";
  for (const std::size_t size : {0u, 5u, 100'000u, 3u}) {
    const Bytes bytes(size, static_cast<unsigned char>(size));
    write_atomically(file, bytes);
    CHECK(read_plain_bytes(file) == bytes);
    CHECK(dir.count() == 1);
  }
  write_atomically(file, std::string_view("text"));
  CHECK(read_plain_bytes(file) == bytes_of("text"));
}

TEST_CASE("A name without a folder is written to the current one", "[io]") {
  const TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  const std::string error = error_of([] { write_atomically("plain_name", std::string_view("x")); });
  fs::current_path(before);
  CHECK(error.empty());
  CHECK(read_plain_bytes(dir / "plain_name") == bytes_of("x"));
}

TEST_CASE("What cannot be written is an error that names the file and the reason", "[io]") {
  const TempDir dir;
  const std::string missing = error_of([&] { write_atomically(dir / "no/file", std::string_view("x")); });
  CHECK(contains(missing, (dir / "no/file").string() + ": cannot create a file in its folder"));
  CHECK(contains(missing, std::generic_category().message(ENOENT)));
  fs::create_directory(dir / "folder");
  CHECK(contains(error_of([&] { write_atomically(dir / "folder", std::string_view("x")); }),
                 "not a regular file"));
  CHECK(dir.count() == 1);
  CHECK_THROWS_AS(write_atomically(dir / "no/file", std::string_view("x")), FileError);
}

TEST_CASE("Temporary files of other writers are left alone", "[io]") {
  const TempDir dir;
  write_file(dir / ".basin-0.tmp", bytes_of("theirs"));
  write_atomically(dir / "a", std::string_view("mine"));
  CHECK(read_plain_bytes(dir / ".basin-0.tmp") == bytes_of("theirs"));
  CHECK(read_plain_bytes(dir / "a") == bytes_of("mine"));
  CHECK(dir.count() == 2);
}

#ifdef __linux__
TEST_CASE("Permissions stay and a symbolic link is followed", "[io]") {
  const TempDir dir;
  const fs::path file = write_file(dir / "a", bytes_of("old"));
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", dir / "link");
  write_atomically(dir / "link", std::string_view("new"));
  CHECK(fs::is_symlink(dir / "link"));
  CHECK(read_plain_bytes(file) == bytes_of("new"));
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(
      contains(error_of([] { write_atomically("/dev/null", std::string_view("x")); }), "not a regular file"));
  CHECK(dir.count() == 2);
}

TEST_CASE("A disk without room leaves the old file as it was", "[io]") {
  const TempDir dir;
  const fs::path file = write_file(dir / "a", bytes_of("old"));
  rlimit before;
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 10'000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string error = error_of([&] { write_atomically(file, Bytes(50'000, 1)); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(contains(error,
                 file.string() + ": cannot write 50000 bytes: " + std::generic_category().message(EFBIG)));
  CHECK(read_plain_bytes(file) == bytes_of("old"));
  CHECK(dir.count() == 1);
}
#endif
