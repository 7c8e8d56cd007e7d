using System.Diagnostics;
using System.Globalization;

namespace TokenHub.Standalone.Processes;

/// <summary>
/// The children that run, on disk: what a crash of the supervisor leaves behind is found by it and stopped at the next
/// start. A line is name, process number, start second.
/// </summary>
public sealed class RunRecord(string path)
{
    private static readonly TimeSpan CleanWithin = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, (int Id, long Start)> _running = [];
    private readonly object _gate = new();

    /// <summary>
    /// Stops what an earlier run left, in reverse order of starting, the gateway with time to write its log. Returns
    /// the names of what was found.
    /// </summary>
    public async Task<IReadOnlyList<string>> CleanAsync()
    {
        if (!File.Exists(path))
        {
            return [];
        }

        var found = new List<string>();
        foreach (var line in (await File.ReadAllLinesAsync(path)).Reverse())
        {
            var parts = line.Split(' ');
            if (parts.Length == 3
                && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var id)
                && long.TryParse(parts[2], CultureInfo.InvariantCulture, out var start)
                && Signals.StartOf(id) is { } actual && Math.Abs(actual - start) <= 1)
            {
                found.Add(parts[0]);
                await StopAsync(id, parts[0] == "postgres" ? Signals.Interrupt : Signals.Terminate);
            }
        }

        File.Delete(path);
        return found;
    }

    public void Add(string name, int processId)
    {
        lock (_gate)
        {
            _running[name] = (processId, Signals.StartOf(processId) ?? 0);
            Save();
        }
    }

    public void Remove(string name)
    {
        lock (_gate)
        {
            _running.Remove(name);
            Save();
        }
    }

    private static async Task StopAsync(int id, int signal)
    {
        Signals.Send(id, signal);
        var clock = Stopwatch.StartNew();
        while (Signals.IsAlive(id) && clock.Elapsed < 2 * CleanWithin)
        {
            if (clock.Elapsed > CleanWithin)
            {
                Signals.Send(id, Signals.Kill);
            }

            await Task.Delay(50);
        }
    }

    private void Save() => File.WriteAllLines(
        path,
        _running.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key} {r.Value.Id} {r.Value.Start}")));
}
