using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Reservation;

public sealed class GraceLineTests
{
    private readonly GraceLine _line = new(isOn: true, new TestClock());

    [Theory]
    [InlineData(50, 50_000_000)]
    [InlineData(100, 100_000_000)]
    [InlineData(5000, 100_000_000)]
    [InlineData(-5, 0)]
    public void Allowance_is_one_percent_and_one_dollar_at_most(long dollars, long units)
    {
        _line.Saw(1, Usd.FromDollars(dollars));

        Assert.False(_line.TryLend(Rid(1), 1, new Usd(units + 1), new Usd(units + 1), out _));
        Assert.True(_line.TryLend(Rid(2), 1, new Usd(units + 1), new Usd(units), out var lent));
        Assert.Equal(units, lent.Units);
        Assert.Equal(Usd.Zero, _line.LendMore(Rid(2), new Usd(1)));
        Assert.False(_line.TryLend(Rid(3), 1, new Usd(1), new Usd(1), out _));
    }

    [Fact]
    public void Nothing_is_lent_anew_before_all_is_settled_and_the_account_was_seen_again()
    {
        _line.Saw(1, Usd.FromDollars(100));
        Assert.True(_line.TryLend(Rid(1), 1, new Usd(60_000_000), Usd.Zero, out _));
        Assert.True(_line.TryLend(Rid(2), 1, new Usd(40_000_000), Usd.Zero, out _));

        _line.Saw(1, Usd.FromDollars(100));
        _line.Settled(Rid(1));
        Assert.False(_line.TryLend(Rid(3), 1, new Usd(1), new Usd(1), out _));
        _line.Settled(Rid(2));
        Assert.False(_line.TryLend(Rid(3), 1, new Usd(1), new Usd(1), out _));
        _line.Saw(1, Usd.FromDollars(100));
        Assert.True(_line.TryLend(Rid(3), 1, Usd.FromDollars(1), Usd.FromDollars(1), out _));
    }

    [Fact]
    public void What_was_not_used_at_all_is_there_again()
    {
        _line.Saw(1, Usd.FromDollars(100));
        Assert.True(_line.TryLend(Rid(1), 1, new Usd(60_000_000), Usd.Zero, out _));
        Assert.Equal(40_000_000, _line.LendMore(Rid(1), new Usd(50_000_000)).Units);
        Assert.True(_line.TryTakeBack(Rid(1)));
        Assert.True(_line.TryLend(Rid(2), 1, Usd.FromDollars(1), Usd.FromDollars(1), out _));
    }

    [Fact]
    public void Accounts_seen_longest_ago_are_forgotten_but_not_one_that_owes()
    {
        for (var account = 1; account <= GraceLine.AccountsMax; account++)
        {
            _line.Saw(account, Usd.FromDollars(100));
        }

        Assert.True(_line.TryLend(Rid(1), 1, Usd.FromDollars(1), Usd.Zero, out _));
        _line.Saw(GraceLine.AccountsMax + 1, Usd.FromDollars(100));
        _line.Saw(1, Usd.FromDollars(100));

        Assert.False(_line.TryLend(Rid(2), 1, new Usd(1), new Usd(1), out _));
        Assert.False(_line.TryLend(Rid(3), 2, new Usd(1), new Usd(1), out _));
        Assert.True(_line.TryLend(Rid(4), 3, new Usd(1), new Usd(1), out _));
    }

    [Fact]
    public void Off_it_lends_nothing()
    {
        var off = new GraceLine(isOn: false, TimeProvider.System);
        off.Saw(1, Usd.FromDollars(100));

        Assert.False(off.TryLend(Rid(1), 1, new Usd(1), new Usd(1), out _));
    }

    private static RequestId Rid(uint number) => RequestId.Create(1_700_000_000_000, 1, 1, number);
}
