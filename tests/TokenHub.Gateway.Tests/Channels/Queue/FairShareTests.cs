using TokenHub.Gateway.Channels.Queue;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Queue;

/// <summary>Many users, weights and lengths of calls in virtual time: who gets how much.</summary>
public sealed class FairShareTests(ITestOutputHelper output)
{
    private const double Rounding = 1e-6;

    [Fact]
    public void Each_user_who_always_waits_has_his_share_of_the_slots_within_one_request()
    {
        var (worstNow, worstOverTime, events) = (0.0, 0.0, 0);
        for (var seed = 1; seed <= 300; seed++)
        {
            using var crowd = new Crowd(seed);
            crowd.Run(calls: 2_000);
            worstNow = Math.Max(worstNow, crowd.WorstNow);
            worstOverTime = Math.Max(worstOverTime, crowd.WorstOverTime);
            events += crowd.Events;
        }

        output.WriteLine(
            $"300 seeds, {events} calls: at any moment at most {worstNow:F3} slots from the ideal share, "
            + $"over time at most {worstOverTime:P2} of it");
        Assert.InRange(worstNow, 0, 1 + Rounding);
        Assert.InRange(worstOverTime, 0, 0.1);
    }

    /// <summary>Shown 5, by itself: nothing but the line decides how long the second user waits.</summary>
    [Theory]
    [Trait("row", "B05")]
    [InlineData(4)]
    [InlineData(10)]
    [InlineData(50)]
    public void User_with_one_call_beside_one_with_five_hundred_waits_about_a_turn(int slots)
    {
        var worst = 0.0;
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            using var world = new QueueWorld(seed, slots: slots);
            world.Rules = world.Rules with { QueueWaitMs = 3_600_000 };
            var plan = new Agenda(world);
            for (var i = 0; i < 500; i++)
            {
                plan.Come(1, 1, () => 500 + random.Next(1_000), again: true);
            }

            plan.RunUntil(10_000);
            for (var i = 0; i < 200; i++)
            {
                plan.Come(2, 1, () => 500 + random.Next(1_000), again: false);
                plan.RunUntil(plan.NowMs + 2_000);
            }

            worst = Math.Max(worst, plan.WaitsOf(2).Order().ElementAt((int)(200 * 0.99)));
        }

        // A slot is given back every (1,000 ms / slots) on average; the next one is the second user's.
        output.WriteLine($"{slots} slots, 500 calls of the first: p99 wait of the second at most {worst:F0} ms");
        Assert.InRange(worst, 0, 1_500);
    }

    /// <summary>Users who always have more waiting than they can get, on one channel.</summary>
    private sealed class Crowd : IDisposable
    {
        private readonly QueueWorld _world;
        private readonly Agenda _agenda;
        private readonly Random _random;
        private readonly int[] _weights;
        private readonly int[] _running;
        private readonly double[] _slotMs;
        private readonly int _slots;
        private double _fromMs;

        public Crowd(int seed)
        {
            _random = new Random(seed);
            _slots = _random.Next(1, 13);
            _weights = [.. Enumerable.Range(0, _random.Next(2, 6)).Select(_ => _random.Next(1, 5))];
            _running = new int[_weights.Length];
            _slotMs = new double[_weights.Length];
            _world = new QueueWorld(seed, slots: _slots);
            _world.Rules = _world.Rules with { QueueWaitMs = int.MaxValue };
            _agenda = new Agenda(_world);
        }

        public double WorstNow { get; private set; }

        public double WorstOverTime { get; private set; }

        public int Events { get; private set; }

        public void Run(int calls)
        {
            var length = 100 + _random.Next(1_000);
            for (var user = 0; user < _weights.Length; user++)
            {
                for (var i = 0; i < _slots + 3; i++)
                {
                    _agenda.Come(user, _weights[user], () => 1 + _random.Next(2 * length), again: true);
                }
            }

            // Those who came first have all slots; after a while everybody has what is his.
            _agenda.RunUntil(20 * length);
            _fromMs = _agenda.NowMs;
            while (Events < calls)
            {
                var before = _agenda.NowMs;
                _agenda.Next();
                Measure(before);
                Events++;
            }

            var total = _weights.Sum();
            for (var user = 0; user < _weights.Length; user++)
            {
                var ideal = (_agenda.NowMs - _fromMs) * _slots * _weights[user] / total;
                WorstOverTime = Math.Max(WorstOverTime, Math.Abs(_slotMs[user] - ideal) / ideal);
            }
        }

        public void Dispose() => _world.Dispose();

        // What ran since the event before, and how things stand after this one.
        private void Measure(double before)
        {
            var total = _weights.Sum();
            for (var user = 0; user < _weights.Length; user++)
            {
                _slotMs[user] += _running[user] * (_agenda.NowMs - before);
                _running[user] = _agenda.RunningOf(user);
                var ideal = (double)_slots * _weights[user] / total;
                WorstNow = Math.Max(WorstNow, Math.Abs(_running[user] - ideal));
            }
        }
    }

    /// <summary>What happens when, in virtual time.</summary>
    private sealed class Agenda(QueueWorld world)
    {
        private readonly PriorityQueue<Action, double> _ends = new();
        private readonly Dictionary<long, int> _running = [];
        private readonly Dictionary<long, List<int>> _waits = [];

        public double NowMs { get; private set; }

        public int RunningOf(long user) => _running.GetValueOrDefault(user);

        public List<int> WaitsOf(long user) => _waits[user];

        public void Come(long user, int weight, Func<int> lengthMs, bool again)
        {
            var coming = world.ComeAsync(user, out var rid, weight);
            if (coming.IsCompleted)
            {
                Begin(coming.Result);
            }
            else
            {
                coming.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() => Begin(coming.Result));
            }

            void Begin(Queued place)
            {
                Assert.Equal(QueueEnd.In, place.End);
                _running[user] = RunningOf(user) + 1;
                (_waits.TryGetValue(user, out var waits) ? waits : _waits[user] = []).Add(place.WaitedMs);
                var length = lengthMs();
                _ends.Enqueue(() => End(place, length), NowMs + length);
            }

            void End(Queued place, int length)
            {
                _running[user]--;

                // Before the slot is free: he always has one more waiting.
                if (again)
                {
                    Come(user, weight, lengthMs, again: true);
                }

                world.GiveBack(user, rid, place, length);
            }
        }

        public void Next()
        {
            Assert.True(_ends.TryDequeue(out var end, out var at));
            world.Clock.Advance(TimeSpan.FromMilliseconds(at - NowMs));
            NowMs = at;
            end();
        }

        public void RunUntil(double ms)
        {
            while (_ends.TryPeek(out _, out var at) && at <= ms)
            {
                Next();
            }

            world.Clock.Advance(TimeSpan.FromMilliseconds(ms - NowMs));
            NowMs = ms;
        }
    }
}
