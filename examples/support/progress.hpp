// Progress of long work on stderr: one line that rewrites itself on a terminal, a plain line now and then
// elsewhere.
#pragma once
#include <cstddef>      // std::size_t
#include <functional>   // std::function
#include <string>       // std::string
#include <type_traits>  // std::is_invocable_v

namespace basin::examples {

/// Where progress goes. The default is the process's stderr and steady clock; tests bring their own.
struct ProgressOutput {
  bool terminal;
  std::function<int()> width;  // columns of the terminal
  std::function<double()> seconds;
  std::function<void(const std::string&)> write;
  static ProgressOutput standard_error();
};

/// While `silent`, progress on stderr that begins is not shown: one of several ranks speaks for all.
void silence_progress(bool silent);

/// "45 s", "3 min 05 s", "2 h 10 min".
std::string duration(double seconds);

/// One line: "what  42%  detail  3 min 05 s left", cut to `width` columns: the detail gives way first. `left`
/// < 0: not known.
std::string progress_line(const std::string& what, double fraction, const std::string& detail, double left,
                          std::size_t width);

/// How far training has come: the larger of epoch / epochs and log(first / loss) / log(first / goal), within
/// [0, 1]. `goal` <= 0 or `epochs` <= 0: that one is not known and does not count.
double training_fraction(double loss, double first, double goal, double epoch, double epochs);

/// Progress of one piece of work. On a terminal the line is renewed 10 times a second and removed in the end;
/// elsewhere a line is printed every 5 s, so that short work prints none. Silent once the program was
/// interrupted.
///
///     Progress p("3a, seed 0");
///     p.update(fraction, [&] { return "epoch 1200  loss 3.1e-06  rate 1.7e-03"; });
class Progress {
 public:
  explicit Progress(std::string what, ProgressOutput output = ProgressOutput::standard_error());
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// Says that `fraction` (0 to 1) of the work is done. Costs one look at the clock when no line is due; a
  /// `detail` that is a function is called only when one is.
  template <class Detail>
  void update(double fraction, const Detail& detail) {
    if (!due()) return;
    if constexpr (std::is_invocable_v<const Detail&>)
      show(fraction, detail());
    else
      show(fraction, detail);
  }
  void update(double fraction) { update(fraction, ""); }

 private:
  bool due() const;
  void show(double fraction, const std::string& detail);

  std::string what_;
  ProgressOutput output_;
  double start_, next_, best_ = 0;
  bool shown_ = false;
};

}  // namespace basin::examples
