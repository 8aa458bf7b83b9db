#include "support/gnuplot.hpp"

#include <spawn.h>     // posix_spawnp
#include <sys/wait.h>  // waitpid
#include <unistd.h>    // environ

#include <algorithm>    // std::max_element
#include <array>        // std::array
#include <cerrno>       // errno, ENOENT
#include <cstdio>       // std::tmpfile
#include <cstring>      // std::strerror
#include <string_view>  // std::string_view

#include "basin/core/error.hpp"      // require, FileError
#include "basin/data/bytes.hpp"      // detail::File
#include "basin/io/atomic_file.hpp"  // write_atomically
#include "support/text.hpp"          // text

namespace basin::examples {

namespace {

/// A file without a name, which goes with its last descriptor, however the process ends.
class NamelessFile {
 public:
  explicit NamelessFile(std::string_view contents = {}) : file_(std::tmpfile()) {
    if (!file_ || std::fwrite(contents.data(), 1, contents.size(), file_.get()) != contents.size() ||
        std::fflush(file_.get()) != 0)
      throw FileError(
          text("a temporary file: cannot write ", contents.size(), " bytes: ", std::strerror(errno)));
    std::rewind(file_.get());
  }
  int descriptor() const { return fileno(file_.get()); }
  /// What is in it now.
  std::string contents() const {
    std::rewind(file_.get());
    std::string all;
    std::array<char, 4096> buffer{};
    std::size_t n = 0;
    do {
      n = std::fread(buffer.data(), 1, buffer.size(), file_.get());
      all.append(buffer.data(), n);
    } while (n > 0);
    return all;
  }

 private:
  detail::File file_;
};

/// What gnuplot reads, and what it writes.
struct Streams {
  NamelessFile script, data, picture, messages;
};

/// Starts gnuplot and waits for its status. Returns errno's value if it could not start.
int spawn_gnuplot(const Streams& streams, int& status) {
  // gnuplot's descriptors 0 to 3, by way of numbers that are none of these.
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::array<int, 4> from = {streams.script.descriptor(), streams.picture.descriptor(),
                                   streams.messages.descriptor(), streams.data.descriptor()};
  const int high = 10 + *std::max_element(from.begin(), from.end());
  for (int k = 0; k < 4; ++k) posix_spawn_file_actions_adddup2(&files, from[std::size_t(k)], high + k);
  for (int k = 0; k < 4; ++k) posix_spawn_file_actions_adddup2(&files, high + k, k);
  for (int k = 0; k < 4; ++k) posix_spawn_file_actions_addclose(&files, high + k);
  // A process group of its own: Ctrl-C ends the program in order, with the picture at hand finished.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);

  std::string program = "gnuplot", no_init_file = "-d";
  std::array<char*, 3> arguments = {program.data(), no_init_file.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "gnuplot", &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return error;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return errno;
  return 0;
}

/// The numbers of the lines that print_axes printed.
std::vector<Axes> printed_axes(const NamelessFile& messages) {
  std::istringstream lines(messages.contents());
  std::vector<Axes> all;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string basin, name;
    Axes a{};
    if (words >> basin >> name && basin == "basin" && name == "axes" &&
        words >> a.left >> a.right >> a.bottom >> a.top >> a.x_low >> a.x_high >> a.y_low >> a.y_high)
      all.push_back(a);
  }
  return all;
}

/// What gnuplot complained about: the line after its copy of the offending one, or the last there is.
std::string complaint(const NamelessFile& messages) {
  std::istringstream lines(messages.contents());
  std::string found;
  for (std::string line; std::getline(lines, line);)
    if (line.find_first_not_of(" \t^") != std::string::npos) found = line;
  return found.substr(0, 200);
}

}  // namespace

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

Drawn run_gnuplot(const std::string& script, const std::filesystem::path& file, const std::string& data,
                  std::vector<Axes>* axes) {
  try {
    const Streams streams{NamelessFile(script + "\nunset output\n"), NamelessFile(data), NamelessFile(),
                          NamelessFile()};
    int status = 0;
    const int error = spawn_gnuplot(streams, status);
    if (error == ENOENT) return {"gnuplot is not installed (on Debian: apt-get install gnuplot-nox)"};
    if (error != 0) return {text("gnuplot could not be started: ", std::strerror(error))};
    if (status != 0) return {"gnuplot failed: " + complaint(streams.messages)};
    const std::string picture = streams.picture.contents();
    if (picture.empty()) return {"gnuplot wrote no picture"};
    if (axes != nullptr) *axes = printed_axes(streams.messages);
    write_atomically(file, picture);
  } catch (const std::exception& e) {
    return {e.what()};
  }
  return {};
}

}  // namespace basin::examples
