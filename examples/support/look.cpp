#include "support/look.hpp"

#include <algorithm>  // std::all_of
#include <cmath>      // std::isfinite
#include <cstdio>     // std::snprintf
#include <cstdlib>    // std::strtod, std::strtoull
#include <nlohmann/json.hpp>

namespace basin::examples {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_points = 4000;

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// With as many digits as a reader can use.
Json rounded(double x) {
  if (!std::isfinite(x)) return nullptr;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", x);
  return std::strtod(buffer, nullptr);
}

Json rounded(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double v : values) list.push_back(rounded(v));
  return list;
}

Json axis(const std::string& label, double low, double high, bool log) {
  return {{"label", label}, {"low", rounded(low)}, {"high", rounded(high)}, {"log", log}};
}

Json series_json(const Series& s) {
  Json json = {{"name", s.name}, {"x", rounded(s.x)}, {"y", rounded(s.y)}};
  if (!s.low.empty()) {
    json["low"] = rounded(s.low);
    json["high"] = rounded(s.high);
  }
  return json;
}

}  // namespace

std::string plot_look(const std::vector<Look>& plots, int width, int height) {
  Json panels = Json::array();
  std::size_t points = 0;
  for (const Look& plot : plots) {
    const Axes& a = plot.axes;
    Json series = Json::array();
    for (const Series& s : plot.series) {
      points += s.x.size();
      if (points <= most_points) series.push_back(series_json(s));
    }
    panels.push_back(
        {{"box", rounded({a.left / width, 1 - a.top / height, a.right / width, 1 - a.bottom / height})},
         {"x", axis(plot.x_label, a.x_low, a.x_high, plot.log_x)},
         {"y", axis(plot.y_label, a.y_low, a.y_high, plot.log_y)},
         {"series", series}});
  }
  return dumped({{"panels", panels}});
}

std::string table_look(const ImageTable& table, const CellPlaces& cells) {
  return dumped({{"cells",
                  {{"left", cells.left},
                   {"top", cells.top},
                   {"width", cells.width},
                   {"height", cells.height},
                   {"gap", cells.gap}}},
                 {"columns", table.columns()},
                 {"rows", table.rows()},
                 {"frames", frames_of(table.columns())}});
}

std::vector<std::size_t> frames_of(const std::vector<std::string>& columns) {
  std::vector<std::size_t> frames;
  if (columns.empty() || (columns[0] != "start" && columns[0] != "input")) return frames;
  frames.push_back(0);
  unsigned long long last = 0;
  for (std::size_t k = 1; k < columns.size(); ++k) {
    const std::string& c = columns[k];
    const bool number = !c.empty() && c.size() < 16 &&
                        std::all_of(c.begin(), c.end(), [](char d) { return d >= '0' && d <= '9'; });
    if (!number) continue;
    const unsigned long long step = std::strtoull(c.c_str(), nullptr, 10);
    if (step <= last) return {};
    last = step;
    frames.push_back(k);
  }
  if (frames.size() < 3) frames.clear();
  return frames;
}

}  // namespace basin::examples
