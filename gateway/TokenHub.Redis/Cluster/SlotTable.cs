using System.Text;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Cluster;

/// <summary>Which master has which slots, as one node tells it.</summary>
internal sealed record SlotTable(IReadOnlyList<(SlotRange Slots, RedisEndpoint Owner)> Ranges)
{
    /// <summary>
    /// Reads the answer to <c>CLUSTER SLOTS</c>, the same in both versions of the protocol: for each range its first
    /// and last slot, the master, the replicas; each node as host, port, id and more. A host that is absent is the one
    /// that was asked, as is any where only the port is known.
    /// </summary>
    public static SlotTable Read(RespReader reader, string askedHost)
    {
        var ranges = new List<(SlotRange, RedisEndpoint)>();
        for (var left = reader.ReadAggregate(); left > 0; left--)
        {
            var values = reader.ReadAggregate();
            var (first, last) = (reader.ReadInteger(), reader.ReadInteger());
            if (values < 3 || first < 0 || last < first || last >= HashSlot.Count)
            {
                throw new RespProtocolException("The server sent a map of slots that is none.");
            }

            ranges.Add((new SlotRange((int)first, (int)last), ReadNode(ref reader, askedHost)));
            for (var others = values - 3; others > 0; others--)
            {
                reader.Skip();
            }
        }

        return new SlotTable(ranges);
    }

    private static RedisEndpoint ReadNode(ref RespReader reader, string askedHost)
    {
        var values = reader.ReadAggregate();
        var host = Encoding.UTF8.GetString(reader.ReadBytes());
        var port = reader.ReadInteger();
        if (values < 2 || port is < 1 or > 65535)
        {
            throw new RespProtocolException("The server sent a map of slots that is none.");
        }

        for (var more = values - 2; more > 0; more--)
        {
            reader.Skip();
        }

        // "?" stands where a node was told to give its name and has none.
        return new RedisEndpoint(host is "" or "?" ? askedHost : host, (int)port);
    }
}
