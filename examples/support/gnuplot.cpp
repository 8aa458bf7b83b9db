#include "support/gnuplot.hpp"

#include <fcntl.h>     // O_RDONLY, O_WRONLY
#include <spawn.h>     // posix_spawnp
#include <sys/wait.h>  // waitpid
#include <unistd.h>    // environ, getpid

#include <array>         // std::array
#include <cerrno>        // errno, ENOENT
#include <cstring>       // std::strerror
#include <system_error>  // std::error_code

#include "basin/core/error.hpp"      // require
#include "basin/data/bytes.hpp"      // read_plain_bytes
#include "basin/io/atomic_file.hpp"  // write_atomically
#include "support/text.hpp"          // text

namespace basin::examples {

namespace fs = std::filesystem;

namespace {

/// Temporary files that go when this does.
struct Temporaries {
  fs::path script, picture, messages;
  explicit Temporaries(const fs::path& file)
      : script(beside(file, ".gnuplot")), picture(beside(file, ".png")), messages(beside(file, ".txt")) {}
  Temporaries(const Temporaries&) = delete;
  Temporaries& operator=(const Temporaries&) = delete;
  ~Temporaries() {
    std::error_code ignored;
    for (const fs::path& p : {script, picture, messages}) fs::remove(p, ignored);
  }
};

/// Starts gnuplot on `script`, all it says going to `messages`, and waits. Returns errno's value if it could
/// not start.
int spawn_gnuplot(const fs::path& script, const fs::path& messages, int& status) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  // A process group of its own: Ctrl-C ends the program in order, with the picture at hand finished.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);

  std::string program = "gnuplot", no_init_file = "-d", path = script.string();
  std::array<char*, 4> arguments = {program.data(), no_init_file.data(), path.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gnuplot", &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return error;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return errno;
  return 0;
}

/// What gnuplot complained about: the line after its copy of the offending one, or the last there is.
std::string complaint(const fs::path& messages) {
  const Bytes said = read_plain_bytes(messages);
  std::istringstream lines(std::string(said.begin(), said.end()));
  std::string found;
  for (std::string line; std::getline(lines, line);)
    if (line.find_first_not_of(" \t^") != std::string::npos) found = line;
  return found.substr(0, 200);
}

}  // namespace

fs::path beside(const fs::path& file, const std::string& suffix) {
  return file.parent_path() / text(".", file.filename().string(), ".", getpid(), suffix);
}

std::string gnuplot_quoted(const std::string& s) {
  std::string quoted = "'";
  for (const char c : s) {
    if (c == '\'') quoted += '\'';
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return quoted + "'";
}

const char* gnuplot_color(std::size_t i) {
  static constexpr std::array<const char*, 7> colors = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                        "#E69F00", "#56B4E9", "#000000"};
  return colors[i % colors.size()];
}

std::ostringstream gnuplot_script(int width, int height) {
  for (const int side : {width, height})
    require(side >= 100 && side <= 8000, "plot: width and height must be 100 to 8000 pixels, got ", side);
  std::ostringstream script;
  script.precision(9);
  script << "set encoding utf8\n"
         << "set terminal pngcairo noenhanced size " << width << "," << height
         << " font 'Sans,11' fontscale 1 linewidth 1 background '#ffffff'\n";
  return script;
}

Drawn run_gnuplot(const std::string& script, const fs::path& file) {
  const Temporaries temporary(file);
  try {
    write_atomically(temporary.script, "set output " + gnuplot_quoted(temporary.picture.string()) + "\n" +
                                           script + "\nunset output\n");
    int status = 0;
    const int error = spawn_gnuplot(temporary.script, temporary.messages, status);
    if (error == ENOENT) return {"gnuplot is not installed (on Debian: apt-get install gnuplot-nox)"};
    if (error != 0) return {text("gnuplot could not be started: ", std::strerror(error))};
    if (status != 0) return {"gnuplot failed: " + complaint(temporary.messages)};
    std::error_code missing;
    if (!(fs::file_size(temporary.picture, missing) > 0) || missing) return {"gnuplot wrote no picture"};
    fs::rename(temporary.picture, file);
  } catch (const std::exception& e) {
    return {e.what()};
  }
  return {};
}

}  // namespace basin::examples
