from gateway.live import Metric


class Score:
    def take(self, session, readings):
        return []

    @classmethod
    def from_features(cls, ledger):
        return cls()

    def metric(self):
        return Metric(None, "", 0.0, "no_baseline")
