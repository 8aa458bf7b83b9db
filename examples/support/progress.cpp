#include "support/progress.hpp"

#include <sys/ioctl.h>  // ioctl, TIOCGWINSZ
#include <unistd.h>     // isatty, write

#include <algorithm>  // std::clamp, std::min
#include <atomic>     // std::atomic
#include <chrono>     // std::chrono::steady_clock
#include <cmath>      // std::log, std::round
#include <cstdio>     // std::snprintf
#include <utility>    // std::move

#include "support/interrupt.hpp"  // interrupted

namespace basin::examples {

namespace {
std::atomic<bool>& progress_is_silent() {
  static std::atomic<bool> silent{false};
  return silent;
}
}  // namespace

void silence_progress(bool silent) { progress_is_silent() = silent; }

ProgressOutput ProgressOutput::standard_error() {
  const auto width = [] {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? int(size.ws_col) : 80;
  };
  const auto seconds = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  const auto write_all = [](const std::string& s) {
    std::fwrite(s.data(), 1, s.size(), stderr);
    std::fflush(stderr);
  };
  const auto write_nothing = [](const std::string&) {};
  if (progress_is_silent()) return {false, width, seconds, write_nothing};
  return {isatty(STDERR_FILENO) == 1, width, seconds, write_all};
}

std::string duration(double seconds) {
  char buffer[64];
  const auto s = static_cast<long long>(std::llround(std::clamp(seconds, 0., 1e12)));
  if (s < 60)
    std::snprintf(buffer, sizeof buffer, "%lld s", s);
  else if (s < 3600)
    std::snprintf(buffer, sizeof buffer, "%lld min %02lld s", s / 60, s % 60);
  else
    std::snprintf(buffer, sizeof buffer, "%lld h %02lld min", s / 3600, s % 3600 / 60);
  return buffer;
}

std::string progress_line(const std::string& what, double fraction, const std::string& detail, double left,
                          std::size_t width) {
  const double percent = std::floor(100 * std::clamp(fraction, 0., 1.));
  const std::string head = what + "  " + std::to_string(static_cast<int>(percent)) + "%";
  const std::string tail = left >= 0 ? "  " + duration(left) + " left" : "";
  std::string middle = detail.empty() ? "" : "  " + detail;
  const std::size_t fixed = head.size() + tail.size();
  if (fixed + middle.size() > width) {
    const std::size_t room = width > fixed ? width - fixed : 0;
    middle = room > 6 ? middle.substr(0, room - 2) + ".." : "";
  }
  return (head + middle + tail).substr(0, width);
}

double training_fraction(double loss, double first, double goal, double epoch, double epochs) {
  double done = epochs > 0 ? epoch / epochs : 0;
  if (goal > 0 && goal < first && loss > 0)
    done = std::max(done, std::log(first / loss) / std::log(first / goal));
  return std::isnan(done) ? 0 : std::clamp(done, 0., 1.);
}

Progress::Progress(std::string what, ProgressOutput output)
    : what_(std::move(what)), output_(std::move(output)) {
  start_ = output_.seconds();
  next_ = start_ + (output_.terminal ? 0.1 : 5);
}

Progress::~Progress() {
  if (shown_ && output_.terminal) output_.write("\r\x1b[K");
}

bool Progress::due() const { return output_.seconds() >= next_ && !interrupted(); }

void Progress::show(double fraction, const std::string& detail) {
  const double now = output_.seconds(), elapsed = now - start_;
  if (fraction > best_) best_ = std::min(fraction, 1.);
  const double left = elapsed >= 1 && best_ >= 0.01 ? elapsed * (1 - best_) / best_ : -1;
  if (output_.terminal) {
    const int width = std::max(output_.width(), 2);
    output_.write("\r" + progress_line(what_, best_, detail, left, static_cast<std::size_t>(width - 1)) +
                  "\x1b[K");
    next_ = now + 0.1;
  } else {
    output_.write(progress_line(what_, best_, detail, left, 200) + "\n");
    next_ = now + 5;
  }
  shown_ = true;
}

}  // namespace basin::examples
