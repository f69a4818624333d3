#include "tests/sim/shrink.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace slipstream::sim {

namespace {

class shrinker {
public:
    shrinker(plan failing, const std::function<bool(const plan&)>& fails, std::uint64_t most_runs)
        : best_(std::move(failing)), fails_(fails), left_(most_runs), most_(most_runs) {}

    shrunk run() {
        for (bool better = true; better && left_ != 0;) {
            better = remove([](const step& s) { return is_fault(s.kind); });
            better |= remove([](const step& s) { return !is_fault(s.kind); });
            better |= shorten();
            better |= simplify();
        }
        return {best_, most_ - left_};
    }

private:
    bool fails(const plan& p) {
        if (left_ == 0) return false;
        --left_;
        return fails_(p);
    }

    bool take(plan p) {
        if (!fails(p)) return false;
        best_ = std::move(p);
        return true;
    }

    /// Takes out runs of steps, half of them first, then ever smaller ones.
    template <class Of>
    bool remove(Of of_interest) {
        bool better = false;
        std::vector<std::size_t> places;
        const auto collect = [&] {
            places.clear();
            for (std::size_t i = 0; i < best_.steps.size(); ++i) {
                if (of_interest(best_.steps[i])) places.push_back(i);
            }
        };
        collect();
        for (std::size_t size = places.size(); size != 0; size /= 2) {
            for (std::size_t at = 0; at < places.size();) {
                plan smaller = best_;
                const std::size_t end = std::min(at + size, places.size());
                for (std::size_t i = end; i-- > at;) smaller.steps.erase(smaller.steps.begin() + static_cast<std::ptrdiff_t>(places[i]));
                if (take(std::move(smaller))) {
                    better = true;
                    collect();
                } else {
                    at += size;
                }
                if (left_ == 0) return better;
            }
        }
        return better;
    }

    /// Ends the script earlier, and takes out time between steps.
    bool shorten() {
        bool better = false;
        const std::int64_t last = best_.steps.empty() ? 0 : best_.steps.back().at_us;
        for (const std::int64_t until : {last, last + 1'000'000, last + 10'000'000}) {
            if (until >= best_.fault_us) continue;
            plan shorter = best_;
            shorter.fault_us = until;
            if (take(std::move(shorter))) {
                better = true;
                break;
            }
        }
        for (std::size_t i = 0; i < best_.steps.size() && left_ != 0; ++i) {
            const std::int64_t gap = best_.steps[i].at_us - (i == 0 ? 0 : best_.steps[i - 1].at_us);
            if (gap < 2) continue;
            plan shorter = best_;
            for (std::size_t k = i; k < shorter.steps.size(); ++k) shorter.steps[k].at_us -= gap / 2;
            shorter.fault_us -= gap / 2;
            better |= take(std::move(shorter));
        }
        return better;
    }

    /// Smaller messages, shorter faults.
    bool simplify() {
        bool better = false;
        for (std::size_t i = 0; i < best_.steps.size() && left_ != 0; ++i) {
            for (std::size_t k = 1; k < best_.steps[i].with.size(); ++k) {
                if (best_.steps[i].with[k] < 8) continue;
                plan simpler = best_;
                simpler.steps[i].with[k] /= 2;
                better |= take(std::move(simpler));
            }
        }
        return better;
    }

    plan best_;
    const std::function<bool(const plan&)>& fails_;
    std::uint64_t left_;
    std::uint64_t most_;
};

}  // namespace

shrunk shrink(const plan& failing, const std::function<bool(const plan&)>& fails, std::uint64_t most_runs) {
    return shrinker(failing, fails, most_runs).run();
}

}  // namespace slipstream::sim
