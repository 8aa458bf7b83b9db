#include "basin/io/atomic_file.hpp"

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#ifdef __linux__
#include <fcntl.h>         // open
#include <sys/file.h>      // flock
#include <sys/resource.h>  // setrlimit
#include <sys/stat.h>      // umask
#include <sys/wait.h>      // waitpid
#include <unistd.h>        // fork

#include <csignal>
#endif

using namespace basin;
namespace fs = std::filesystem;

TEST_CASE("a file is written whole, replaces the old one and leaves nothing beside it", "[io]") {
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

TEST_CASE("a name without a folder is written to the current one", "[io]") {
  const TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  const std::string error = error_of([] { write_atomically("plain_name", std::string_view("x")); });
  fs::current_path(before);
  CHECK(error.empty());
  CHECK(read_plain_bytes(dir / "plain_name") == bytes_of("x"));
}

TEST_CASE("what cannot be written is an error that names the file and the reason", "[io]") {
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

#ifdef __linux__
namespace {

/// Writes `bytes` of `file` in a process that is killed by the system as soon as 4 kB are on the disk.
void killed_while_writing(const fs::path& file, std::size_t bytes) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_DFL);
    const rlimit no_core{0, 0}, small{4096, 4096};
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_FSIZE, &small);
    write_atomically(file, Bytes(bytes, 1));
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}
fs::perms permissions_of(const fs::path& file) { return fs::symlink_status(file).permissions(); }

}  // namespace

TEST_CASE("what a killed process leaves goes with the next write, and is no more open than the file",
          "[io]") {
  const TempDir dir;
  const auto secret = fs::perms::owner_read | fs::perms::owner_write;
  const fs::path file = write_file(dir / "a", bytes_of("old")), left = dir / ".a.0.basin-tmp";
  fs::permissions(file, secret);
  for (int k = 0; k < 3; ++k) killed_while_writing(file, 10'000);  // the second takes the place of the first
  CHECK(dir.count() == 2);
  REQUIRE(fs::exists(left));
  CHECK(permissions_of(left) == secret);
  CHECK(read_plain_bytes(file) == bytes_of("old"));
  write_atomically(file, std::string_view("new"));
  CHECK(read_plain_bytes(file) == bytes_of("new"));
  CHECK(permissions_of(file) == secret);
  CHECK(dir.count() == 1);
}

TEST_CASE("the first write into a folder removes what killed processes left of other files", "[io]") {
  const TempDir dir;
  killed_while_writing(dir / "a", 10'000);
  killed_while_writing(dir / "b", 10'000);
  write_file(dir / ".basin-tmp.txt", bytes_of("theirs"));
  CHECK(fs::exists(dir / ".b.0.basin-tmp"));
  write_atomically(dir / "c", std::string_view("c"));
  CHECK_FALSE(fs::exists(dir / ".a.0.basin-tmp"));
  CHECK_FALSE(fs::exists(dir / ".b.0.basin-tmp"));
  CHECK(dir.count() == 2);
}

TEST_CASE("a temporary file that another process is writing is left alone", "[io]") {
  const TempDir dir;
  const fs::path theirs = write_file(dir / ".a.0.basin-tmp", bytes_of("theirs"));
  const int fd = open(theirs.c_str(), O_WRONLY);
  REQUIRE(flock(fd, LOCK_EX) == 0);
  write_atomically(dir / "a", std::string_view("mine"));
  CHECK(read_plain_bytes(theirs) == bytes_of("theirs"));
  CHECK(read_plain_bytes(dir / "a") == bytes_of("mine"));
  CHECK(dir.count() == 2);
  close(fd);
  // Without its writer it is a leftover, but a link or a folder of such a name never is.
  fs::create_symlink("a", dir / ".a.1.basin-tmp");
  fs::create_directory(dir / ".a.2.basin-tmp");
  write_atomically(dir / "a", std::string_view("again"));
  CHECK_FALSE(fs::exists(theirs));
  CHECK(fs::is_symlink(dir / ".a.1.basin-tmp"));
  CHECK(fs::is_directory(dir / ".a.2.basin-tmp"));
}

TEST_CASE("writers of one file at the same time leave one of their contents whole", "[io]") {
  const TempDir dir;
  const fs::path file = dir / "a";
  for (int k = 0; k < 4; ++k)
    if (fork() == 0) {
      for (int i = 0; i < 50; ++i) write_atomically(file, Bytes(20'000, static_cast<unsigned char>(k)));
      _exit(0);
    }
  int status = 0;
  while (wait(&status) > 0) CHECK(status == 0);
  const Bytes bytes = read_plain_bytes(file);
  CHECK(bytes == Bytes(20'000, bytes.front()));
  CHECK(dir.count() == 1);
}

TEST_CASE("names of any length that the system takes are written", "[io]") {
  const TempDir dir;
  const std::string longest(255, 'n');
  write_atomically(dir / longest, std::string_view("x"));
  CHECK(read_plain_bytes(dir / longest) == bytes_of("x"));
  CHECK(contains(error_of([&] { write_atomically(dir / (longest + "n"), std::string_view("x")); }),
                 std::generic_category().message(ENAMETOOLONG)));
  CHECK(dir.count() == 1);
}

TEST_CASE("a link to no file yet makes that file, and one that leads in a circle is an error", "[io]") {
  const TempDir dir;
  fs::create_directory(dir / "folder");
  fs::create_symlink("folder/a", dir / "link");
  fs::create_symlink("link", dir / "further");
  write_atomically(dir / "further", std::string_view("new"));
  CHECK(fs::is_symlink(dir / "further"));
  CHECK(fs::is_symlink(dir / "link"));
  CHECK(read_plain_bytes(dir / "folder/a") == bytes_of("new"));
  fs::create_symlink("two", dir / "one");
  fs::create_symlink("one", dir / "two");
  const std::string error = error_of([&] { write_atomically(dir / "one", std::string_view("x")); });
  CHECK(contains(error, (dir / "one").string() + ": is a symbolic link that leads in a circle"));
  CHECK(fs::is_symlink(dir / "one"));
}

TEST_CASE("a new file has the permissions that the process gives to new files", "[io]") {
  const TempDir dir;
  const mode_t before = umask(027);
  write_atomically(dir / "a", std::string_view("x"));
  umask(before);
  CHECK(permissions_of(dir / "a") ==
        (fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read));
}
#endif

#ifdef __linux__
TEST_CASE("permissions stay and a symbolic link is followed", "[io]") {
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

TEST_CASE("a disk without room leaves the old file as it was", "[io]") {
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
