import UpkeepSQL
