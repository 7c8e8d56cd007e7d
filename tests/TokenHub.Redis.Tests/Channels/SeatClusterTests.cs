using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;
using TokenHub.Redis.Cluster;
using TokenHub.Redis.Tests.Cluster;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Channels;

/// <summary>Channels whose keys lie on every node of a Cluster.</summary>
public sealed class SeatClusterTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private const int Calls = 300;
    private static readonly RequestIdSource Ids = new(1, 1);
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    [Trait("row", "B06")]
    public async Task Limits_hold_to_the_unit_on_each_node()
    {
        var seats = new ChannelSeats(fixture.Client.Runner);
        var owners = new HashSet<RedisServer>();
        for (var channel = 1L; channel <= 12; channel++)
        {
            var places = await CrowdAsync(seats, channel);

            Assert.Equal(21, places.Count(place => place.Reply.Code == SeatCode.Ok));
            Assert.Equal(Calls - 21, places.Count(place => place.Reply.Code == SeatCode.NoRoom));
            var used = await LeaveAsync(seats, channel, places);
            Assert.Equal((21 * 70, 0, 0), (used.Used, used.Held, used.SlotsUsed));
            var slot = HashSlot.Of(Encoding.ASCII.GetBytes(RedisKeys.ChannelState(channel)));
            owners.Add(fixture.Cluster.FirstOwnerOf(slot));
        }

        Assert.Equal(RedisCluster.MasterCount, owners.Count);
    }

    private static async Task<(RequestId Rid, SeatReply Reply)[]> CrowdAsync(ChannelSeats seats, long channel)
    {
        Assert.Equal(SeatCode.Ok, (await seats.RecountAsync(channel, 1, Window(0), None)).Code);
        return await Task.WhenAll(Enumerable.Range(0, Calls).Select(async i =>
        {
            var rid = Ids.Next(1_790_000_000_000);
            var seat = new SeatRequest(
                channel, 1, rid, 1, i % 3, 1, 15_000, 50, null, null, 100, Usd.Zero);
            return (rid, await seats.EnterAsync(seat, Window(2_170), None));
        }));
    }

    private static async Task<SeatReply> LeaveAsync(
        ChannelSeats seats, long channel, (RequestId Rid, SeatReply Reply)[] places)
    {
        var last = default(SeatReply);
        foreach (var (rid, reply) in places.Where(place => place.Reply.Code == SeatCode.Ok))
        {
            var seat = new SeatReturn(channel, 1, rid, 1, reply.Fence, null, 70, Usd.Zero);
            last = await seats.LeaveAsync(seat, Window(2_170), None);
        }

        return last;
    }

    private static WindowClaim[] Window(long amount) =>
        [new("00000000000000aa", QuotaKind.Tokens, amount, new QuotaPeriod(1, 4_000_000_000_000))];
}
