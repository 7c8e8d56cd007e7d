using System.Diagnostics;
using System.Globalization;
using System.Text;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>One kind of sequence: makes the bytes of a seed, and plays them.</summary>
internal interface IFuzzCase
{
    public byte[] Make(Random random);

    /// <summary>Throws when something is wrong; false when the bytes were refused.</summary>
    public bool Play(byte[] bytes, Random random);
}

/// <summary>
/// Plays many seeds and holds each to its bounds. Goes on after a failure, so that a run tells all that it finds, each
/// place once, with seed and bytes.
/// </summary>
internal sealed class FuzzRun(string name, IFuzzCase subject)
{
    private const int FailuresMax = 12;

    // Most of it is what stands for any input: a body's buffers, five writers, their models' tables.
    private const long BytesStanding = 1 << 20;
    private const long BytesPerByte = 400;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, string> _failures = [];
    private long _seed;
    private int _accepted;
    private long _allocatedMax;
    private double _perByteMax;
    private TimeSpan _slowest;
    private long _slowestSeed;

    public static void Run(string name, Dialect dialect, IFuzzCase subject, long firstSeed, int cases) =>
        new FuzzRun($"{name} {dialect}", subject).Run(firstSeed, cases);

    private void Run(long firstSeed, int cases)
    {
        var clock = Stopwatch.StartNew();
        var work = new Thread(() => PlayAll(firstSeed, cases)) { IsBackground = true };
        work.Start();
        for (var seen = -1L; !work.Join(Patience); seen = Volatile.Read(ref _seed))
        {
            // The thread cannot be stopped, but the test can say where it is.
            Assert.False(seen == Volatile.Read(ref _seed), $"{name} hangs at seed {seen}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {cases} sequences from seed {firstSeed} in {clock.Elapsed.TotalSeconds:0.0} s, {_accepted} accepted; "
            + $"most allocated {_allocatedMax} B, {_perByteMax:0} B for a byte beyond the standing; "
            + $"slowest {_slowest.TotalMilliseconds:0.0} ms (seed {_slowestSeed})"));
        Assert.True(_failures.Count == 0, string.Join("\n\n", _failures.Values));
        Assert.True(cases < 100 || _accepted > 0, $"{name}: every sequence was refused");
    }

    private void PlayAll(long firstSeed, int cases)
    {
        for (var seed = firstSeed; seed < firstSeed + cases && _failures.Count < FailuresMax; seed++)
        {
            Volatile.Write(ref _seed, seed);
            Play(seed);
        }
    }

    private void Play(long seed)
    {
        var random = new Random(unchecked((int)seed));
        var bytes = subject.Make(random);
        try
        {
            var start = Stopwatch.GetTimestamp();
            var before = GC.GetAllocatedBytesForCurrentThread();
            _accepted += subject.Play(bytes, random) ? 1 : 0;
            Note(seed, bytes.Length, GC.GetAllocatedBytesForCurrentThread() - before, Stopwatch.GetElapsedTime(start));
        }
        catch (Exception fault)
        {
            var place = (fault.StackTrace ?? "").Split('\n').Select(line => line.Trim())
                .FirstOrDefault(line => line.StartsWith("at TokenHub.Protocols.", StringComparison.Ordinal)) ?? "";
            _failures.TryAdd(
                $"{fault.GetType().Name} {place}",
                $"{name}, seed {seed}: {fault}\nbytes in base64: {Convert.ToBase64String(bytes)}\n"
                + $"text: {Encoding.UTF8.GetString(bytes)}");
        }
    }

    private void Note(long seed, int length, long allocated, TimeSpan time)
    {
        _allocatedMax = Math.Max(_allocatedMax, allocated);
        _perByteMax = Math.Max(_perByteMax, (double)(allocated - BytesStanding) / Math.Max(1, length));
        (_slowest, _slowestSeed) = time > _slowest ? (time, seed) : (_slowest, _slowestSeed);
        Assert.True(
            allocated <= BytesStanding + (BytesPerByte * length), $"{allocated} bytes allocated for {length} of input");
    }
}
