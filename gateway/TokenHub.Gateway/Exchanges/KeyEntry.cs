using System.Collections.Frozen;
using System.Net;
using TokenHub.Core.Addresses;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Exchanges;

/// <summary>A client key's record made ready for checking: ranges parsed, limits at hand. Immutable.</summary>
internal sealed class KeyEntry
{
    private readonly AddressRange[] _addresses;
    private readonly bool _hasAddressRule;
    private readonly FrozenSet<long>? _channels;

    public KeyEntry(KeyRecord record)
    {
        Record = record;
        SpendLimit = record.SpendLimit is { } units ? new Usd(units) : null;
        _hasAddressRule = record.IpAllow.Count > 0;
        _channels = record.Channels.Count > 0 ? record.Channels.ToFrozenSet() : null;

        // A rule that cannot be read lets nobody in, rather than everybody.
        _addresses = [.. record.IpAllow.Where(t => AddressRange.TryParse(t, out _)).Select(AddressRange.Parse)];
    }

    public KeyRecord Record { get; }

    public long Id => Record.Id;

    public long Account => Record.Account;

    public Usd? SpendLimit { get; }

    /// <summary>What cannot be carried to an upstream is refused, not left out.</summary>
    public bool RefusesUnsupported => Record.Unsupported == KeyRecord.UnsupportedIsError;

    public bool IsExpiredAt(long unixMs) => Record.ExpiresAtMs <= unixMs;

    public bool AllowsAddress(IPAddress? address) =>
        !_hasAddressRule || (address is not null && AddressRange.AnyContains(_addresses, address));

    public bool AllowsChannel(long channel) => _channels?.Contains(channel) != false;

    public bool AllowsModel(string model)
    {
        if (Record.Models.Count == 0)
        {
            return true;
        }

        foreach (var pattern in Record.Models)
        {
            if (ModelPattern.Matches(pattern, model))
            {
                return true;
            }
        }

        return false;
    }
}
