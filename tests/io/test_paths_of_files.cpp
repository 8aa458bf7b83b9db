// Paths that lead nowhere, into folders that cannot be written, to disks that are full.
#include "basin/certify/checker.hpp"
#include "basin/data/cifar10.hpp"
#include "basin/data/idx.hpp"
#include "basin/io/atomic_file.hpp"
#include "basin/io/certificate.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/io/csv.hpp"
#include "basin/io/idx_array.hpp"
#include "basin/io/npy.hpp"
#include "basin/io/npz.hpp"
#include "basin/io/parameters.hpp"
#include "basin/io/png.hpp"
#include "basin/io/safetensors.hpp"
#include "basin/io/samples.hpp"
#include "basin/io/state_dict.hpp"
#include "basin/layers/dense.hpp"
#include "basin/tasks/task_folder.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#ifdef __linux__
#include <sched.h>      // unshare
#include <sys/mount.h>  // mount
#include <sys/wait.h>   // waitpid
#include <unistd.h>     // fork, setuid
#endif

using namespace basin;
namespace fs = std::filesystem;

TEST_CASE("an empty path is an error that names the function", "[io]") {
  const Dense<double> net(1, 1);
  const Vec<double> theta = Vec<double>::Zero(2);
  ExactNetwork f(1);
  Certificate c;
  c.verified = true;
  c.network = f.fingerprint();
  c.centre = Vec<double>::Zero(1);
  c.metric = {Mat<double>(1, 0), Vec<double>(0)};
  const auto names = [](const char* function, const auto& action) {
    const std::string error = error_of(action);
    INFO(function << ": " << error);
    CHECK(error.rfind(std::string(function) + ": ", 0) == 0);
  };
  names("read_plain_bytes", [] { (void)read_plain_bytes(""); });
  names("read_bytes", [] { (void)read_bytes(""); });
  names("read_idx_images", [] { (void)read_idx_images(""); });
  names("read_idx_labels", [] { (void)read_idx_labels(""); });
  names("find_idx", [] { (void)find_idx("", "a"); });
  names("read_idx", [] { (void)read_idx("", "a"); });
  names("read_idx_array", [] { (void)read_idx_array<float>(""); });
  names("read_cifar10", [] { (void)read_cifar10(""); });
  names("read_image_records", [] { (void)read_image_records("", {1, 1, 1}); });
  names("read_npy", [] { (void)read_npy<float>(""); });
  names("read_npz", [] { (void)read_npz<float>(""); });
  names("read_safetensors", [] { (void)read_safetensors<float>(""); });
  names("read_png", [] { (void)read_png(""); });
  names("read_samples", [] { (void)read_samples<float>(""); });
  names("load_parameters", [&] { (void)load_parameters("", net); });
  names("load_state_dict", [&] { (void)load_state_dict("", net); });
  names("read_state_dict", [] { (void)read_state_dict<float>(""); });
  names("read_certificate", [] { (void)read_certificate(""); });
  names("check_certificate", [] { (void)check_certificate(""); });
  names("Checkpoint", [] { Checkpoint("", "setting"); });
  names("TaskFolder", [] { TaskFolder("", "settings"); });
  names("write_atomically", [] { write_atomically("", std::string_view("x")); });
  names("write_npy", [] { write_npy<double>("", Mat<double>::Ones(1, 1)); });
  names("write_npy", [] { write_npy("", NdArray<double>{{0}, {}}); });
  names("write_npz", [] { write_npz("", std::vector<NamedArray<double>>{}); });
  names("write_safetensors", [] { write_safetensors("", SafeTensors<double>{}); });
  names("write_png", [] { write_png("", Picture(1, 1, {0, 0, 0})); });
  names("CsvTable::write", [] { CsvTable().write(""); });
  names("save_parameters", [&] { save_parameters("", net, theta); });
  names("write_state_dict", [&] { write_state_dict("", net, theta, state_dict_entries(net)); });
  names("write_certificate", [&] { write_certificate("", f, c); });
}

TEST_CASE("bytes of a file do not move the cursor of a terminal that shows the error", "[io]") {
  const TempDir dir;
  const std::string bell = "\x1b]0;x\x07\x9b\x7f";
  const auto quiet = [&](const char* name, const std::string& contents, const auto& read) {
    const fs::path file = write_file(dir / name, bytes_of(contents));
    const std::string error = error_of([&] { (void)read(file); });
    INFO(name << ": " << error);
    CHECK(!error.empty());
    CHECK(error.find_first_of(bell.substr(0, 1) + "\x07\x9b\x7f") == std::string::npos);
  };
  const auto npy = [&](const std::string& header) {
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header;
  };
  quiet("a.npy", npy("{'" + bell + "': 1}"), [](auto& f) { return read_npy<float>(f); });
  quiet("b.npy", npy("{'descr': '" + bell + "', 'fortran_order': False, 'shape': ()}"),
        [](auto& f) { return read_npy<float>(f); });
  const auto header = [](const std::string& json) {
    return std::string(1, static_cast<char>(json.size())) + std::string(7, '\0') + json;
  };
  quiet("a.safetensors", header("{\"" + std::string("\x7f\xc2\x9b") + "\":1}"),
        [](auto& f) { return read_safetensors<float>(f); });
  quiet("b.safetensors", header("{" + bell), [](auto& f) { return read_safetensors<float>(f); });
  write_npz<double>(dir / "c.npz", {});
  quiet("c.json", "{\"\x7f\": 1, \"\x7f\": 2}", [](auto& f) { return read_certificate(f); });
  quiet("c.json", "{\"\x7f\": 1, \"\x7f\": 2}", [](auto& f) { return check_certificate(f); });
  quiet("c.json", bell, [](auto& f) { return check_certificate(f); });
  quiet("a.png", "\x89PNG\r\n\x1a\n" + bell + bell + bell, [](auto& f) { return read_png(f); });
  quiet("a", bell, [](auto& f) { return read_idx_images(f); });
  quiet("a", bell, [](auto& f) { return read_samples<float>(f); });
}

TEST_CASE("a certificate of too many levels, or with sizes that are none, is an error for the checker",
          "[io]") {
  const TempDir dir;
  write_npz<double>(dir / "c.npz", {});
  const auto problem = [&](const std::string& json) {
    write_file(dir / "c.json", bytes_of(json));
    return error_of([&] { (void)check_certificate(dir / "c"); });
  };
  CHECK(contains(problem("{\"a\":" + std::string(300'000, '[')), "nested deeper than 4 levels"));
  const std::string start = R"({"format": "basin certificate", "version": 1, "claim": {"radius": 1,
    "radius_2norm": 1, "contraction": 0.5, "residual": 0, "error": 0}, )";
  CHECK(contains(problem(start + R"("size": 1e300, "steps": []})"), "size must be a whole number >= 0"));
  CHECK(contains(problem(start + R"("size": -1, "steps": []})"), "size must be a whole number >= 0"));
}

#ifdef __linux__
namespace {

/// `action` in a process of its own, which may give up rights: its word, or "" for none.
template <class Action>
std::string in_child(const Action& action) {
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string word = action();
    _exit(write(channel[1], word.data(), word.size()) == static_cast<ssize_t>(word.size()) ? 0 : 1);
  }
  close(channel[1]);
  std::string word;
  char buffer[512];
  for (ssize_t n = 0; (n = read(channel[0], buffer, sizeof buffer)) > 0;)
    word.append(buffer, static_cast<std::size_t>(n));
  close(channel[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return word;
}
/// Whether this process is, from now on, a user without rights.
bool without_rights() {
  constexpr uid_t nobody = 65534;
  return geteuid() != 0 || (setgid(nobody) == 0 && setuid(nobody) == 0);
}

}  // namespace

TEST_CASE("a user without rights gets an error that names file and reason, and nothing changes", "[io]") {
  const TempDir dir;
  const fs::path folder = dir / "folder", file = folder / "a", secret = dir / "secret";
  fs::create_directory(folder);
  fs::permissions(dir.path(), fs::perms(0755));
  write_file(file, bytes_of("old"));
  write_file(secret, bytes_of("secret"));
  fs::permissions(secret, fs::perms::none);
  fs::permissions(folder, fs::perms(0555));
  const std::string denied = std::generic_category().message(EACCES);
  const auto as_nobody = [&](const auto& action) {
    return in_child(
        [&] { return without_rights() ? error_of(action) : std::string("cannot give up rights"); });
  };
  const std::string there = as_nobody([&] {
    if (read_plain_bytes(file) != bytes_of("old")) throw FileError("other bytes");
  });
  if (!there.empty()) WARN("skipped: " << there);
  if (there.empty()) {
    CHECK(as_nobody([&] { write_atomically(file, std::string_view("x")); }) ==
          file.string() + ": cannot create a file in its folder: " + denied);
    CHECK(as_nobody([&] { write_atomically(folder / "new", std::string_view("x")); }) ==
          (folder / "new").string() + ": cannot create a file in its folder: " + denied);
    CHECK(as_nobody([&] { (void)read_plain_bytes(secret); }) == secret.string() + ": cannot open: " + denied);
    CHECK(contains(as_nobody([&] { TaskFolder(folder / "tasks", "").save("task", {}); }),
                   "cannot make this folder"));
  }
  CHECK(read_plain_bytes(file) == bytes_of("old"));
  fs::permissions(folder, fs::perms(0755));
  CHECK(std::distance(fs::directory_iterator(folder), {}) == 1);
}

TEST_CASE("a user without rights replaces another one's file in a folder that is open to all", "[io]") {
  const TempDir dir;
  fs::permissions(dir.path(), fs::perms(0777));
  const fs::path file = write_file(dir / "a", bytes_of("old"));
  fs::permissions(file, fs::perms(0644));
  const std::string error = in_child([&] {
    return without_rights() ? error_of([&] { write_atomically(file, std::string_view("new")); })
                            : std::string("cannot give up rights");
  });
  if (contains(error, "cannot give up rights")) WARN("skipped: " << error);
  CHECK((error.empty() ? bytes_of("new") : bytes_of("old")) == read_plain_bytes(file));
  CHECK(fs::status(file).permissions() == fs::perms(0644));
  CHECK(dir.count() == 1);
}

TEST_CASE("a full disk leaves the old file as it was", "[io]") {
  const TempDir dir;
  const fs::path disk = dir / "disk", file = disk / "a";
  fs::create_directory(disk);
  const std::string word = in_child([&]() -> std::string {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0)
      return "skipped: no right to mount a small disk";
    write_atomically(file, std::string_view("old"));
    const std::string error = error_of([&] { write_atomically(file, Bytes(200'000, 1)); });
    if (error != file.string() + ": cannot write 200000 bytes: " + std::generic_category().message(ENOSPC))
      return "another error: " + error;
    if (read_plain_bytes(file) != bytes_of("old")) return "the old file has changed";
    if (std::distance(fs::directory_iterator(disk), {}) != 1) return "something was left over";
    write_atomically(file, Bytes(20'000, 1));
    return read_plain_bytes(file) == Bytes(20'000, 1) ? "" : "what fits was not written";
  });
  if (contains(word, "skipped")) WARN(word);
  CHECK((word.empty() || contains(word, "skipped")));
  INFO(word);
}

TEST_CASE("links in a circle and folders are errors for readers, too", "[io]") {
  const TempDir dir;
  fs::create_symlink("two", dir / "one");
  fs::create_symlink("one", dir / "two");
  fs::create_symlink("nowhere", dir / "dangling");
  for (const char* name : {"one", "dangling", "missing/a"}) {
    CHECK(contains(error_of([&] { (void)read_plain_bytes(dir / name); }),
                   (dir / name).string() + ": cannot open: "));
    CHECK_THROWS_AS(read_samples<float>(dir / name), FileError);
  }
  CHECK(
      contains(error_of([&] { (void)read_plain_bytes(dir.path()); }), dir.path().string() + ": cannot read"));
  CHECK_THROWS_AS(write_atomically(dir / "missing/a", std::string_view("x")), FileError);
}
#endif
