using TokenHub.Chaos.Faults.Clients;
using TokenHub.Chaos.Faults.Databases;
using TokenHub.Chaos.Faults.Gateways;
using TokenHub.Chaos.Faults.Machines;
using TokenHub.Chaos.Faults.Networks;
using TokenHub.Chaos.Faults.Planes;
using TokenHub.Chaos.Faults.Stores;
using TokenHub.Chaos.Faults.Upstreams;

namespace TokenHub.Chaos.Faults;

/// <summary>Every fault, by its number in the failure model.</summary>
internal static class FaultTable
{
    public static IReadOnlyList<IFault> All { get; } =
    [
        new F01KilledInStream(), new F02KilledAfterLastByte(), new F03PowerLost(), new F04DiskLost(), new F05LogDamaged(),
        new F06Killed(), new F07LastSecondsLost(), new F08Empty(), new F09OldCopy(), new F10FailOver(),
        new F11SlowOrRefusing(), new F12ScriptsForgotten(), new F13StorePartition(), new F14PlanePartition(),
        new F15Away(), new F16KilledInCommit(), new F17Refusing(), new F18ControlPlaneKilled(),
        new F19TwoControlPlanes(), new F20Repeated(), new F21Reordered(), new F22Hangs(), new F23BreaksOff(),
        new F24Garbage(), new F25Lies(), new F26Indiscreet(), new F27ClientCuts(), new F28SlowReaders(),
        new F29SlowSenders(), new F30ClockJumps(), new F31DiskFull(), new F32Overload(),
    ];

    private static readonly string[] Paired = ["F01", "F06", "F07", "F08", "F13", "F15", "F18"];

    /// <summary>The 21 pairs that are played at once.</summary>
    public static IEnumerable<IReadOnlyList<IFault>> Pairs =>
        Paired.SelectMany((one, i) => Paired.Skip(i + 1).Select(other => (IReadOnlyList<IFault>)[Of(one), Of(other)]));

    public static IFault Of(string id) => All.FirstOrDefault(fault => fault.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"There is no fault '{id}'; 'list' names them.");
}
