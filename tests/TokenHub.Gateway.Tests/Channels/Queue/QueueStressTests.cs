using System.Collections.Concurrent;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Channels.Queue;
using Xunit;

namespace TokenHub.Gateway.Tests.Channels.Queue;

/// <summary>No wake-up is lost and no place leaks, whatever happens in whatever order.</summary>
public sealed class QueueStressTests(ITestOutputHelper output)
{
    /// <summary>
    /// One thread, so that a seed is always the same run. Gates answer at once or later; the model knows who waits,
    /// who has a place, and that nobody may wait in front of a free slot once all gates have answered.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Hundred_thousand_random_operations_agree_with_a_model(int seed)
    {
        var random = new Random(seed);
        using var world = new QueueWorld(seed, channels: 4, slots: 2);
        world.Rules = new RoutingRules { QueueMax = 15, QueueUserMax = 6, QueueWaitMs = 400 };
        Queue<TaskCompletionSource> asked = [];
        List<(long User, RequestId Rid, CancellationTokenSource Client, Task<Queued> Coming)> waiting = [];
        List<(long User, RequestId Rid, Queued Place)> running = [];
        var ends = new Dictionary<QueueEnd, int>();
        for (var i = 0; i < 100_000; i++)
        {
            switch (random.Next(100))
            {
                case < 40:
                    // Newcomers are answered at once; those in line at times later.
                    world.Gate.Delay = null;
                    var client = new CancellationTokenSource();
                    var to = Enumerable.Range(0, 4).Where(_ => random.Next(2) == 0).DefaultIfEmpty(0).ToArray();
                    var user = random.Next(5);
                    waiting.Add((user, default, client, world.ComeAsync(user, out var rid, 1 + (user % 3), client.Token, to)));
                    waiting[^1] = waiting[^1] with { Rid = rid };
                    break;
                case < 75 when running.Count > 0:
                    world.Gate.Delay = random.Next(3) == 0 ? Later : null;
                    var (who, which, place) = running[random.Next(running.Count)];
                    running.Remove((who, which, place));
                    world.GiveBack(who, which, place, random.Next(200));
                    break;
                case < 85 when waiting.Count > 0:
                    waiting[random.Next(waiting.Count)].Client.Cancel();
                    break;
                case < 95 when asked.Count > 0:
                    asked.Dequeue().SetResult();
                    break;
                default:
                    world.Gate.Delay = random.Next(3) == 0 ? Later : null;
                    world.Pass(random.Next(20) == 0 ? 450 : random.Next(30));
                    break;
            }

            Collect();
            if (i % 100 == 0)
            {
                Settle(i);
            }
        }

        output.WriteLine($"seed {seed}: {string.Join(", ", ends.OrderBy(e => e.Key))}");
        Assert.Equal(
            [QueueEnd.In, QueueEnd.Gone, QueueEnd.TimedOut, QueueEnd.TooLong, QueueEnd.Full, QueueEnd.UserFull],
            ends.Keys.Order());

        Task Later()
        {
            var answer = new TaskCompletionSource();
            asked.Enqueue(answer);
            return answer.Task;
        }

        void Collect()
        {
            foreach (var one in waiting.Where(w => w.Coming.IsCompleted).ToArray())
            {
                waiting.Remove(one);
                one.Client.Dispose();
                var queued = one.Coming.Result;
                ends[queued.End] = ends.GetValueOrDefault(queued.End) + 1;
                Assert.InRange(queued.WaitedMs, 0, 405);
                if (queued.End == QueueEnd.In)
                {
                    running.Add((one.User, one.Rid, queued));
                }
            }
        }

        void Settle(int at)
        {
            world.Gate.Delay = null;
            while (asked.TryDequeue(out var answer))
            {
                answer.SetResult();
            }

            world.Pass(60);
            Collect();
            Assert.Equal(waiting.Count, world.Queue.Waiting);
            for (var c = 0; c < 4; c++)
            {
                var (channel, step) = (world.Channels[c], c);
                var here = running.Count(r => r.Place.Step == step);
                Assert.Equal((here, here), (channel.Live.Running, world.Gate.TakenAt(channel)));
                Assert.True(channel.Live.Waiting == 0 || here == 2, $"operation {at}: somebody waits at a free slot");
            }
        }
    }

    /// <summary>Real threads and the real clock: everybody comes to an end, and all places come back.</summary>
    [Fact]
    public async Task Many_threads_lose_no_wake_up_and_leak_no_place()
    {
        using var world = new ThreadedWorld();
        var ends = new ConcurrentDictionary<QueueEnd, int>();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 150; i++)
            {
                using var client = new CancellationTokenSource();
                if (random.Next(4) == 0)
                {
                    client.CancelAfter(random.Next(20));
                }

                var end = await world.CallAsync(worker % 7, random.Next(3), client.Token);
                ends.AddOrUpdate(end, 1, (_, count) => count + 1);
            }
        })));

        output.WriteLine(string.Join(", ", ends.OrderBy(e => e.Key)));
        Assert.Equal(64 * 150, ends.Values.Sum());
        Assert.Equal([QueueEnd.In, QueueEnd.Gone], ends.Keys.Order());
        Assert.Equal(0, world.Queue.Waiting);
        Assert.All(world.Channels, channel => Assert.Equal((0, 0), (channel.Live.Running, channel.Live.Waiting)));
        Assert.All(world.Channels, channel => Assert.Equal(0, world.Gate.TakenAt(channel)));
        Assert.InRange(world.Gate.Most, 1, 3);
    }

    private sealed class ThreadedWorld : IDisposable
    {
        private static readonly RoutingRules Rules = new() { QueueWaitMs = 60_000 };
        private int _calls;

        public ThreadedWorld()
        {
            Gate.Delay = async () => await Task.Yield();
            Queue = new FairQueue(Gate, new TokenHub.Gateway.Telemetry.QueueMeter(), TimeProvider.System, Random.Shared);
            Channels = [.. Enumerable.Range(1, 2).Select(
                id => new UpstreamChannel(Rig.Entries.Channel(id) with { MaxConcurrency = 3 }, Rig.Entries.Box))];
        }

        public SlotGate Gate { get; } = new();

        public FairQueue Queue { get; }

        public UpstreamChannel[] Channels { get; }

        public async Task<QueueEnd> CallAsync(long user, int workMs, CancellationToken client)
        {
            var rid = new RequestId(2, (ulong)Interlocked.Increment(ref _calls));
            List<QueueStep> steps = [];
            var place = new Queued(QueueEnd.None, -1, 0, 0, 0, 0);
            for (var i = 0; i < Channels.Length && place.Step < 0; i++)
            {
                if (FairQueue.HasLine(Channels[i].Live))
                {
                    steps.Add(new QueueStep(Channels[i], i, 0, default, QueueStep.NotAsked, 0));
                    continue;
                }

                var left = Queue.LeftOf(Channels[i].Live);
                var reply = await Gate.EnterAsync(Channels[i], rid, 1, 0, default, default);
                if (reply.Code == GateCode.Ok)
                {
                    Queue.Took(Channels[i].Live, user, 1);
                    place = new Queued(QueueEnd.In, i, reply.Fence, 0, 0, 0);
                }
                else
                {
                    steps.Add(new QueueStep(Channels[i], i, 0, default, left, 0));
                }
            }

            if (place.Step < 0)
            {
                place = await Queue.WaitAsync(
                    new QueueCall(rid, 1, user, 1), steps.ToArray(), QueueBounds.Of(Rules, null), client);
            }

            if (place.Step >= 0)
            {
                await Task.Delay(workMs, CancellationToken.None);
                Gate.Leave(Channels[place.Step], rid, 1, place.Fence, 0, default);
                Queue.GaveBack(Channels[place.Step].Live, user, workMs);
            }

            return place.End;
        }

        public void Dispose() => Queue.Dispose();
    }
}
