using TokenHub.ControlPlane.Events;

namespace TokenHub.ControlPlane.Tests.Events;

public sealed class EventBusTests
{
    private readonly EventBus _bus = new();

    [Theory]
    [InlineData(ConsoleEvent.Everyone, true, true, true)]
    [InlineData(ConsoleEvent.Staff, false, false, true)]
    [InlineData(7L, true, false, true)]
    public void Audience_decides_who_hears(long audience, bool seven, bool eight, bool staff)
    {
        using var ofSeven = _bus.Open(7, seesAll: false, after: null)!;
        using var ofEight = _bus.Open(8, seesAll: false, after: null)!;
        using var ofStaff = _bus.Open(1, seesAll: true, after: null)!;

        _bus.Publish(new ConsoleEvent(Topics.Keys, audience, ["key_1"]));

        Assert.Equal((seven, eight, staff), (Heard(ofSeven) == 1, Heard(ofEight) == 1, Heard(ofStaff) == 1));
    }

    [Fact]
    public void Stream_that_comes_back_gets_what_it_missed()
    {
        for (var i = 0; i < 10; i++)
        {
            _bus.Publish(new ConsoleEvent(Topics.Keys, ConsoleEvent.Everyone, []));
        }

        using var stream = _bus.Open(7, seesAll: false, after: 6)!;

        Assert.False(stream.TakeGap());
        Assert.Equal([7, 8, 9, 10], Numbers(stream));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(499, true)]
    [InlineData(500, false)]
    [InlineData(1500, false)]
    [InlineData(1501, true)]
    [InlineData(long.MaxValue, true)]
    public void Place_outside_the_ring_is_a_gap(long after, bool isGap)
    {
        for (var i = 0; i < 1500; i++)
        {
            _bus.Publish(new ConsoleEvent(Topics.Keys, ConsoleEvent.Everyone, []));
        }

        using var stream = _bus.Open(7, seesAll: false, after)!;

        Assert.Equal(isGap, stream.TakeGap());
        Assert.False(stream.TakeGap());
        Assert.Equal(isGap ? 0 : 1500 - after, Heard(stream));
    }

    [Fact]
    public void Stream_that_does_not_keep_up_is_bounded_and_told_of_the_gap()
    {
        using var stream = _bus.Open(7, seesAll: false, after: null)!;

        for (var i = 0; i < 10_000; i++)
        {
            _bus.Publish(new ConsoleEvent(Topics.Keys, ConsoleEvent.Everyone, []));
        }

        Assert.True(stream.TakeGap());
        Assert.InRange(Heard(stream), 1, 2000);
    }

    [Fact]
    public void Streams_are_counted_and_limited()
    {
        var streams = Enumerable.Range(0, EventBus.StreamsMax).Select(_ => _bus.Open(7, false, null)!).ToList();

        Assert.Null(_bus.Open(8, false, null));
        Assert.Equal(EventBus.StreamsMax, _bus.CountOf(7));
        streams[0].Dispose();
        Assert.NotNull(_bus.Open(8, false, null));
    }

    private static int Heard(EventStream stream) => Numbers(stream).Count;

    private static List<long> Numbers(EventStream stream)
    {
        var numbers = new List<long>();
        while (stream.Events.TryRead(out var news))
        {
            numbers.Add(news.Number);
        }

        return numbers;
    }
}
