using System.Collections.Concurrent;

namespace TokenHub.Chaos.Invariants;

/// <summary>
/// What the failure model itself grants for faults that were played: each is asked for by the fault that needs it, and
/// names the requests it is about.
/// </summary>
internal sealed class Allowances
{
    /// <summary>
    /// Requests whose bytes were lost between upstream and gateway: at least what the client received is billed.
    /// </summary>
    public ConcurrentDictionary<string, string> ClientTruth { get; } = new();

    /// <summary>Requests whose only record was on a disk that is lost: nothing may be billed.</summary>
    public ConcurrentDictionary<string, string> RecordLost { get; } = new();

    /// <summary>
    /// Requests that were open when a machine lost power, with the moment since which nothing of them is on its disk.
    /// </summary>
    public ConcurrentDictionary<string, long> PowerLost { get; } = new();

    /// <summary>Usage that the upstream lied about, with what is to be billed instead: least and most tokens.</summary>
    public ConcurrentDictionary<string, (long Least, long Most)> Lies { get; } = new();

    /// <summary>Money beyond the overdraft bound, from holds that were lost with Redis.</summary>
    public long LostHoldUnits { get; set; }

    /// <summary>Gateways (by their name) whose log is lost with their disk.</summary>
    public ConcurrentDictionary<string, bool> LogLost { get; } = new();
}
