using System.Diagnostics;
using TokenHub.Load.Results;
using TokenHub.Load.Targets;

namespace TokenHub.Load.Runs;

/// <summary>The accounts of all processes between two moments.</summary>
internal sealed class Measurement
{
    private readonly ITarget _target;
    private readonly MockTarget _mock;
    private readonly Meter _meter;
    private readonly IReadOnlyList<int> _processIds;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<int>> _neighbours;
    private readonly Dictionary<string, ProcessUsage> _before;
    private readonly long _callsBefore;
    private readonly long _chunksBefore;
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    private Measurement(ITarget target, MockTarget mock, Meter meter)
    {
        (_target, _mock, _meter) = (target, mock, meter);
        // The same processes at both ends, whatever starts or ends in between.
        (_processIds, _neighbours) = (target.ProcessIds, target.Neighbours);
        _before = Accounts();
        (_callsBefore, _chunksBefore) = (meter.Calls, meter.Chunks);
        meter.TurnOn();
    }

    public static Measurement Begin(ITarget target, MockTarget mock, Meter meter) => new(target, mock, meter);

    /// <param name="rest">
    /// A pause after the last answer that belongs to the measurement: what is settled in the background has a cost too.
    /// </param>
    public async Task<StepResult> EndAsync(string scenario, string step, TimeSpan rest, CancellationToken cancel)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        _meter.TurnOff();
        var (calls, chunks) = (_meter.Calls - _callsBefore, _meter.Chunks - _chunksBefore);
        var resident = ProcessUsage.Of(_processIds).ResidentKiB;
        await Task.Delay(rest, cancel);
        var after = Accounts();
        var used = after.ToDictionary(a => a.Key, a => a.Value.CpuMicroseconds - _before[a.Key].CpuMicroseconds);
        return new StepResult
        {
            Scenario = scenario,
            Step = step,
            Target = _target.Name,
            Seconds = seconds,
            Calls = calls,
            Chunks = chunks,
            CpuMicroseconds = used[_target.Name],
            NeighboursCpuMicroseconds = used.Where(u => u.Key != _target.Name).ToDictionary(),
            Latency = _meter.Latency.Read(),
            FirstByte = _meter.FirstByte.Read(),
            Transit = _meter.Transit.Read(),
            IdleKiB = _target.IdleKiB,
            LoadedKiB = resident,
            Faults = _meter.Faults,
        };
    }

    private Dictionary<string, ProcessUsage> Accounts()
    {
        var accounts = new Dictionary<string, ProcessUsage> { [_target.Name] = ProcessUsage.Of(_processIds) };
        foreach (var (name, ids) in _neighbours)
        {
            accounts[name] = ProcessUsage.Of(ids);
        }

        if (_target != _mock)
        {
            accounts["upstream"] = ProcessUsage.Of(_mock.ProcessIds);
        }

        accounts["client"] = ProcessUsage.Of([Environment.ProcessId]);
        return accounts;
    }
}
